import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import { aCall, aReset, at, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const other = (namespace: string, name: string) =>
  aReset({ namespace, name, spec: { preconditions: { serverCaSha1Fingerprint: fingerprint(99) } } });

describe('two objects of one instance', () => {
  test('the Ready one publishes and rolls again when the other resets, without a call of its own', async () => {
    const fixture = new Fixture();
    fixture.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const follower = fixture.resets.create(other('billing', 'follower'));
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    const followed = fixture.resets.read(follower);
    assert.deepEqual([endOf(followed), fixture.end, fixture.cloudSql.calls], ['AlreadyRotated', 'Complete', 2]);
    assert.equal(followed.status.serverCa?.sha1Fingerprint, fingerprint(3));
    const { writes } = fixture;
    await operator.resync();
    assert.equal(fixture.writes, writes, 'they do not roll each other for ever');
  });

  for (const edited of ['orders-db', 'follower']) {
    test(`both follow when the server CA is rolled back and ${edited} is the first to see it`, async () => {
      const fixture = new Fixture({ spec: { requestId: 'a' } });
      fixture.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
      const follower = fixture.resets.create(other('billing', 'follower'));
      const operator = new Operator(fixture);
      await operator.drive();
      fixture.cloudSql.rolledBackTo = 1;
      const ref = edited === 'follower' ? follower : fixture.ref;
      fixture.resets.edit(ref, { spec: { ...fixture.resets.read(ref).spec, deadlineSeconds: 7200 } });
      const writes = fixture.resets.writes;
      await operator.drive();
      const ends = [fixture.ref, follower].map((each) => fixture.resets.read(each));
      assert.deepEqual(
        ends.map((each) => [endOf(each), each.status.serverCa?.sha1Fingerprint]),
        [
          ['Complete', fingerprint(1)],
          ['AlreadyRotated', fingerprint(1)],
        ],
      );
      const digests = ['api', 'invoices'].map((name) => fixture.workloads.read(name).templateAnnotations);
      assert.deepEqual(digests[0], digests[1]);
      assert.equal(fixture.cloudSql.calls, 1);
      assert.ok(fixture.resets.writes - writes < 20, `${fixture.resets.writes - writes} status writes`);
      const rested = fixture.writes;
      operator.restart();
      await operator.drive();
      assert.equal(fixture.writes, rested, 'they are at rest');
    });
  }

  for (const request of [aCall(), aCall({ outcome: 'NotSent', inDoubt: true })]) {
    const how = request.outcome === undefined ? 'unresolved' : 'in doubt';
    test(`one goes on although nobody can read the other any more, whose call is ${how}, and names it while it waits`, async () => {
      const fixture = new Fixture();
      const gone = fixture.resets.create(aReset({ namespace: 'billing', name: 'gone', status: { request } }));
      const operator = new Operator(fixture);
      const { resets } = operator.context;
      const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'no' });
      operator.context = {
        ...operator.context,
        resets: { ...resets, get: (ref) => (ref.name === gone.name ? Promise.reject(forbidden) : resets.get(ref)) },
      };
      const seen = { calls: -1, message: '' };
      fixture.after(800_000, () => {
        seen.calls = fixture.cloudSql.calls;
        seen.message = JSON.stringify(fixture.status.conditions);
      });
      fixture.after(7_200_000, () => fixture.resets.remove(gone));
      fixture.after(7_200_000, () => {
        operator.context = { ...operator.context, resets };
      });
      await operator.drive();
      assert.equal(seen.calls, 0);
      assert.match(seen.message, /WaitingForInstance.*by CloudSqlSslReset billing\/gone, which/);
      assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
    });
  }

  test('an old answer about the server CA is not believed over what the other one has read', async () => {
    const fixture = new Fixture();
    const follower = fixture.resets.create(other('billing', 'follower'));
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    fixture.resets.watch(({ metadata, status }) => {
      if (metadata.name !== 'orders-db' || status.serverCa?.sha1Fingerprint !== fingerprint(3)) return;
      fixture.cloudSql.rolledBackTo ??= 2;
      fixture.after(30_000, () => {
        fixture.cloudSql.rolledBackTo = 3;
      });
    });
    await operator.drive();
    const { status } = fixture.resets.read(follower);
    assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(3));
    assert.equal(endOf(fixture.resets.read(follower)), 'AlreadyRotated');
  });

  const REPLACED = {
    'a requestId that was executed earlier': { requestId: 'a' },
    'a request that is refused': { requestId: 'c', preconditions: { notAfterTime: at(-1) } },
  };
  for (const [what, spec] of Object.entries(REPLACED)) {
    test(`the client certificates of one are issued again after a reset by the other that kept the CA, although ${what} replaced that before anybody looked`, async () => {
      const fixture = new Fixture({ spec: { requestId: 'a' } });
      fixture.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
      const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
      const preconditions = { serverCertificate: 'Missing' } as const;
      const follower = fixture.resets.create(
        aReset({ namespace: 'billing', name: 'follower', spec: { preconditions, clientCertificates } }),
      );
      const operator = new Operator(fixture);
      await operator.drive();
      fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } });
      fixture.cloudSql.onCall = () => fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { spec }));
      // The follower is looked at only once that request is replaced.
      fixture.resets.watch(({ status: { request } }) => {
        if (request?.requestId === 'b' && request.doneTime !== undefined) operator.restart();
      });
      await operator.drive();
      assert.equal(fixture.cloudSql.executed, 2);
      assert.notEqual(fixture.status.request?.requestId, 'b');
      const secret = await fixture.objects.get({ kind: 'Secret', namespace: 'billing', name: 'app-cert' });
      const live = fixture.cloudSql.liveCertificates.map(({ sha1Fingerprint }) => sha1Fingerprint);
      assert.deepEqual([heldCertificate(secret?.data ?? {})?.sha1Fingerprint], live);
      assert.equal(endOf(fixture.resets.read(follower)), 'AlreadyPresent');
      const { writes } = fixture;
      operator.restart();
      await operator.drive();
      assert.equal(fixture.writes, writes, 'they are at rest');
    });
  }

  test('a reset waits while the outcome of the other one is being found out', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const second = fixture.resets.create(aReset({ name: 'second' }));
    fixture.after(299_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.deepEqual(
      [fixture.end, endOf(fixture.resets.read(second)), fixture.cloudSql.executed],
      ['Complete', 'Complete', 2],
    );
  });

  test('an operation of the other one is never taken for a call in doubt', async () => {
    const fixture = new Fixture();
    const second = fixture.resets.create(aReset({ name: 'second' }));
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await new Operator(fixture).drive();
    const names = [fixture.status.operation?.name, fixture.resets.read(second).status.operation?.name];
    assert.deepEqual([new Set(names).size, fixture.cloudSql.executed], [2, 2]);
  });
});

describe('the limit of resets per hour', () => {
  const settings = { maxResetsPerHour: 2 };
  const many = (fixture: Fixture) =>
    ['b', 'c'].map((name) => fixture.resets.create(aReset({ name, spec: { deadlineSeconds: 86_400 } })));

  test('the limit of resets per hour lets no more through, over restarts, and the rest when the hour is over', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 86_400 } });
    const others = many(fixture);
    const operator = new Operator(fixture, { settings });
    for (const ms of [100_000, 1_000_000]) fixture.after(ms, () => operator.restart());
    fixture.after(3_590_000, () => assert.equal(fixture.cloudSql.executed, 2));
    await operator.drive();
    assert.equal(fixture.cloudSql.executed, 3);
    assert.deepEqual(
      others.map((ref) => endOf(fixture.resets.read(ref))),
      ['Complete', 'Complete'],
    );
  });

  test('the limit of resets per hour counts each reset of an object whose requestId changes while the operation runs, over restarts', async () => {
    const fixture = new Fixture({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
    const operator = new Operator(fixture, { settings });
    for (const n of [1, 2, 3, 4]) {
      fixture.after(n * 100_000 - 80_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: `r${n}` } }));
      fixture.after(n * 100_000, () => operator.restart());
    }
    fixture.after(3_590_000, () => assert.equal(fixture.cloudSql.executed, 2));
    await operator.drive();
    assert.equal(fixture.status.history?.at(-1)?.outcome, 'Superseded');
  });

  for (const user of ['our own account', undefined]) {
    test(`the limit of resets per hour counts a call given up as unknown with ${user ?? 'an account that is not known'}, after a restart`, async () => {
      const fixture = new Fixture({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
      fixture.cloudSql.user = user === undefined ? undefined : fixture.cloudSql.user;
      fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
      fixture.after(500, () => fixture.cloudSql.startForeign({ user: fixture.cloudSql.user ?? '' }, 0, true));
      const operator = new Operator(fixture, { settings: { maxResetsPerHour: 1 } });
      fixture.after(1_000_000, () => operator.restart());
      fixture.after(1_100_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'r1' } }));
      fixture.after(1_200_000, () => operator.restart());
      fixture.after(3_500_000, () => assert.equal(fixture.cloudSql.executed, 1));
      await operator.drive();
    });
  }

  test('the limit of resets per hour counts more calls of one object than its history has room for, after a restart', async () => {
    const fixture = new Fixture({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
    const operator = new Operator(fixture, { settings: { maxResetsPerHour: 12 } });
    for (let n = 1; n <= 15; n += 1) {
      fixture.after(n * 100_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: `r${n}` } }));
    }
    fixture.after(1_290_000, () => operator.restart());
    fixture.after(3_590_000, () => assert.equal(fixture.cloudSql.executed, 12));
    await operator.drive();
  });

  test('0 limits nothing', async () => {
    const fixture = new Fixture();
    many(fixture);
    fixture.after(600_000, () => assert.equal(fixture.cloudSql.executed, 3));
    await new Operator(fixture, { settings: { maxResetsPerHour: 0 } }).drive();
  });

  test('a reset that ends between two reads of preflight is not taken for the trace of a call that was lost', async () => {
    const fixture = new Fixture();
    const faults = new Faults();
    const reads = ['cloudSql.instance', 'cloudSql.operations'];
    faults.hold = (n, moment) => {
      const isFirstRead = faults.calls.findIndex((name) => reads.includes(name)) === n;
      if (isFirstRead && moment === 'After') fixture.cloudSql.startForeign({}, 0, true);
      return undefined;
    };
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    await new Operator(fixture, { faults }).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });
});
