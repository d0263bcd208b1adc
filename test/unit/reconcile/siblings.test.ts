import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import { aCall, aReset, at, aWorkload, fingerprint } from '../support/builders.ts';
import { Faults } from '../support/faults.ts';
import { endOf, Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

const other = (namespace: string, name: string) =>
  aReset({ namespace, name, spec: { preconditions: { serverCaSha1Fingerprint: fingerprint(99) } } });

describe('two objects of one instance', () => {
  test('the Ready one publishes and rolls anew when the other resets, without a call of its own', async () => {
    const scene = new Scene();
    scene.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const follower = scene.resets.create(other('billing', 'follower'));
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    const followed = scene.resets.read(follower);
    assert.deepEqual([endOf(followed), scene.end, scene.cloudSql.calls], ['AlreadyRotated', 'Complete', 2]);
    assert.equal(followed.status.serverCa?.sha1Fingerprint, fingerprint(3));
    const { writes } = scene;
    await operator.resync();
    assert.equal(scene.writes, writes, 'they do not roll each other for ever');
  });

  for (const edited of ['orders-db', 'follower']) {
    test(`both follow when the server CA is rolled back and ${edited} is the first to see it`, async () => {
      const scene = new Scene({ spec: { requestId: 'a' } });
      scene.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
      const follower = scene.resets.create(other('billing', 'follower'));
      const operator = new Operator(scene);
      await operator.drive();
      scene.cloudSql.rolledBackTo = 1;
      const ref = edited === 'follower' ? follower : scene.ref;
      scene.resets.edit(ref, { spec: { ...scene.resets.read(ref).spec, deadlineSeconds: 7200 } });
      const writes = scene.resets.writes;
      await operator.drive();
      const ends = [scene.ref, follower].map((each) => scene.resets.read(each));
      assert.deepEqual(
        ends.map((each) => [endOf(each), each.status.serverCa?.sha1Fingerprint]),
        [
          ['Complete', fingerprint(1)],
          ['AlreadyRotated', fingerprint(1)],
        ],
      );
      const digests = ['api', 'invoices'].map((name) => scene.workloads.read(name).templateAnnotations);
      assert.deepEqual(digests[0], digests[1]);
      assert.equal(scene.cloudSql.calls, 1);
      assert.ok(scene.resets.writes - writes < 20, `${scene.resets.writes - writes} status writes`);
      const rested = scene.writes;
      operator.restart();
      await operator.drive();
      assert.equal(scene.writes, rested, 'they are at rest');
    });
  }

  for (const request of [aCall(), aCall({ outcome: 'NotSent', inDoubt: true })]) {
    const how = request.outcome === undefined ? 'unresolved' : 'in doubt';
    test(`one goes on although nobody can read the other any more, whose call is ${how}, and names it while it waits`, async () => {
      const scene = new Scene();
      const gone = scene.resets.create(aReset({ namespace: 'billing', name: 'gone', status: { request } }));
      const operator = new Operator(scene);
      const { resets } = operator.context;
      const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'no' });
      operator.context = {
        ...operator.context,
        resets: { ...resets, get: (ref) => (ref.name === gone.name ? Promise.reject(forbidden) : resets.get(ref)) },
      };
      const seen = { calls: -1, message: '' };
      scene.after(800_000, () => {
        seen.calls = scene.cloudSql.calls;
        seen.message = JSON.stringify(scene.status.conditions);
      });
      scene.after(7_200_000, () => scene.resets.remove(gone));
      scene.after(7_200_000, () => {
        operator.context = { ...operator.context, resets };
      });
      await operator.drive();
      assert.equal(seen.calls, 0);
      assert.match(seen.message, /WaitingForInstance.*billing\/gone/);
      assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
    });
  }

  test('an old answer about the server CA is not believed over what the other one has read', async () => {
    const scene = new Scene();
    const follower = scene.resets.create(other('billing', 'follower'));
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    scene.resets.watch(({ metadata, status }) => {
      if (metadata.name !== 'orders-db' || status.serverCa?.sha1Fingerprint !== fingerprint(3)) return;
      scene.cloudSql.rolledBackTo ??= 2;
      scene.after(30_000, () => {
        scene.cloudSql.rolledBackTo = 3;
      });
    });
    await operator.drive();
    const { status } = scene.resets.read(follower);
    assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(3));
    assert.equal(endOf(scene.resets.read(follower)), 'AlreadyRotated');
  });

  const REPLACED = {
    'a requestId that was executed earlier': { requestId: 'a' },
    'a request that is refused': { requestId: 'c', preconditions: { notAfterTime: at(-1) } },
  };
  for (const [what, spec] of Object.entries(REPLACED)) {
    test(`the client certificates of one are issued again after a reset by the other that kept the CA, although ${what} replaced that before anybody looked`, async () => {
      const scene = new Scene({ spec: { requestId: 'a' } });
      scene.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
      const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
      const preconditions = { serverCertificate: 'Missing' } as const;
      const follower = scene.resets.create(
        aReset({ namespace: 'billing', name: 'follower', spec: { preconditions, clientCertificates } }),
      );
      const operator = new Operator(scene);
      await operator.drive();
      scene.resets.edit(scene.ref, { spec: { requestId: 'b' } });
      scene.cloudSql.onCall = () => scene.after(10_000, () => scene.resets.edit(scene.ref, { spec }));
      // The follower is looked at only once that request is replaced.
      scene.resets.watch(({ status: { request } }) => {
        if (request?.requestId === 'b' && request.doneTime !== undefined) operator.restart();
      });
      await operator.drive();
      assert.equal(scene.cloudSql.executed, 2);
      assert.notEqual(scene.status.request?.requestId, 'b');
      const secret = await scene.objects.get({ kind: 'Secret', namespace: 'billing', name: 'app-cert' });
      const live = scene.cloudSql.liveCertificates.map(({ sha1Fingerprint }) => sha1Fingerprint);
      assert.deepEqual([heldCertificate(secret?.data ?? {})?.sha1Fingerprint], live);
      assert.equal(endOf(scene.resets.read(follower)), 'AlreadyPresent');
      const { writes } = scene;
      operator.restart();
      await operator.drive();
      assert.equal(scene.writes, writes, 'they are at rest');
    });
  }

  test('a reset waits while the outcome of the other one is being found out', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const second = scene.resets.create(aReset({ name: 'second' }));
    scene.after(299_000, () => assert.equal(scene.cloudSql.calls, 1));
    await new Operator(scene).drive();
    assert.deepEqual(
      [scene.end, endOf(scene.resets.read(second)), scene.cloudSql.executed],
      ['Complete', 'Complete', 2],
    );
  });

  test('an operation of the other one is never taken for a call in doubt', async () => {
    const scene = new Scene();
    const second = scene.resets.create(aReset({ name: 'second' }));
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await new Operator(scene).drive();
    const names = [scene.status.operation?.name, scene.resets.read(second).status.operation?.name];
    assert.deepEqual([new Set(names).size, scene.cloudSql.executed], [2, 2]);
  });
});

describe('the limit of resets per hour', () => {
  const settings = { maxResetsPerHour: 2 };
  const many = (scene: Scene) =>
    ['b', 'c'].map((name) => scene.resets.create(aReset({ name, spec: { deadlineSeconds: 86_400 } })));

  test('lets no more through, over restarts, and the rest when the hour is over', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 86_400 } });
    const others = many(scene);
    const operator = new Operator(scene, { settings });
    for (const ms of [100_000, 1_000_000]) scene.after(ms, () => operator.restart());
    scene.after(3_590_000, () => assert.equal(scene.cloudSql.executed, 2));
    await operator.drive();
    assert.equal(scene.cloudSql.executed, 3);
    assert.deepEqual(
      others.map((ref) => endOf(scene.resets.read(ref))),
      ['Complete', 'Complete'],
    );
  });

  test('counts each reset of an object whose requestId changes while the operation runs, over restarts', async () => {
    const scene = new Scene({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
    const operator = new Operator(scene, { settings });
    for (const n of [1, 2, 3, 4]) {
      scene.after(n * 100_000 - 80_000, () => scene.resets.edit(scene.ref, { spec: { requestId: `r${n}` } }));
      scene.after(n * 100_000, () => operator.restart());
    }
    scene.after(3_590_000, () => assert.equal(scene.cloudSql.executed, 2));
    await operator.drive();
    assert.equal(scene.status.history?.at(-1)?.outcome, 'Superseded');
  });

  for (const user of ['our own account', undefined]) {
    test(`counts a call given up as unknown with ${user ?? 'an account that is not known'}, after a restart`, async () => {
      const scene = new Scene({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
      scene.cloudSql.user = user === undefined ? undefined : scene.cloudSql.user;
      scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
      scene.after(500, () => scene.cloudSql.startForeign({ user: scene.cloudSql.user ?? '' }, 0, true));
      const operator = new Operator(scene, { settings: { maxResetsPerHour: 1 } });
      scene.after(1_000_000, () => operator.restart());
      scene.after(1_100_000, () => scene.resets.edit(scene.ref, { spec: { requestId: 'r1' } }));
      scene.after(1_200_000, () => operator.restart());
      scene.after(3_500_000, () => assert.equal(scene.cloudSql.executed, 1));
      await operator.drive();
    });
  }

  test('counts more calls of one object than its history has room for, after a restart', async () => {
    const scene = new Scene({ spec: { requestId: 'r0', deadlineSeconds: 86_400 } });
    const operator = new Operator(scene, { settings: { maxResetsPerHour: 12 } });
    for (let n = 1; n <= 15; n += 1) {
      scene.after(n * 100_000, () => scene.resets.edit(scene.ref, { spec: { requestId: `r${n}` } }));
    }
    scene.after(1_290_000, () => operator.restart());
    scene.after(3_590_000, () => assert.equal(scene.cloudSql.executed, 12));
    await operator.drive();
  });

  test('0 limits nothing', async () => {
    const scene = new Scene();
    many(scene);
    scene.after(600_000, () => assert.equal(scene.cloudSql.executed, 3));
    await new Operator(scene, { settings: { maxResetsPerHour: 0 } }).drive();
  });

  test('a reset that ends between two reads of preflight is not taken for the trace of a call that was lost', async () => {
    const scene = new Scene();
    const faults = new Faults();
    const reads = ['cloudSql.instance', 'cloudSql.operations'];
    faults.hold = (n, moment) => {
      const isFirstRead = faults.calls.findIndex((name) => reads.includes(name)) === n;
      if (isFirstRead && moment === 'After') scene.cloudSql.startForeign({}, 0, true);
      return undefined;
    };
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    await new Operator(scene, { faults }).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
  });
});
