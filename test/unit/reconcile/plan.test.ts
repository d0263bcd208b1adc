/** The plan of a call: when it is written, what it warns of, and what `spec.planOnly` makes of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { aWorkload, type ResetParts } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const MINUTE_MS = 60_000;
const planOnly = (parts: ResetParts = {}) =>
  new Fixture({ ...parts, spec: { requestId: 'a', planOnly: true, ...parts.spec } });

async function planned(fixture: Fixture, ms = 2 * MINUTE_MS): Promise<Operator> {
  const operator = new Operator(fixture);
  const endMs = fixture.clock.wallMs + ms;
  fixture.after(ms, () => undefined);
  await operator.driveUntil(() => fixture.clock.wallMs >= endMs);
  return operator;
}

describe('the plan of a reset', () => {
  test('the plan of a reset is in the status before anything is called, and says what the call does', async () => {
    const fixture = new Fixture();
    let plan: Fixture['status']['plan'];
    fixture.resets.watch(({ status }) => {
      if (status.request?.time !== undefined) plan ??= status.plan;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.match(plan?.id ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(plan?.calls, ['instances.resetSslConfig']);
    assert.equal(plan?.breaksConnections, true);
    assert.deepEqual(plan?.publishes, ['Secret/orders-db-ca']);
    assert.deepEqual(plan?.workloads, {
      total: 2,
      byKind: { Deployment: 2 },
      byWave: { 0: 2 },
      list: [
        { kind: 'Deployment', name: 'api', wave: 0 },
        { kind: 'Deployment', name: 'worker', wave: 0 },
      ],
    });
  });

  test('the plan of a reset costs no call: just what the call is judged by is read, and tried by a dry run', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    const { calls } = operator.faults;
    const before = calls.slice(0, calls.indexOf('cloudSql.send'));
    const found = before.filter((call) => /^(cloudSql|workloads|objects)\./.test(call));
    assert.deepEqual(found.toSorted(), [
      'cloudSql.identity',
      'cloudSql.instance',
      'cloudSql.operations',
      'cloudSql.prepareReset',
      'cloudSql.serverCas',
      'objects.apply',
      'objects.get',
      'workloads.annotateTemplate',
      'workloads.list',
    ]);
    assert.notEqual(fixture.status.plan, undefined);
  });

  test('the plan of a reset is never shown beside another request', async () => {
    const fixture = planOnly();
    const operator = await planned(fixture);
    const first = fixture.status.plan?.id;
    assert.ok(first !== undefined);
    const shown: (string | undefined)[] = [];
    fixture.resets.watch(({ status }) => {
      if (status.request?.requestId === 'b') shown.push(status.plan?.id);
    });
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } });
    await operator.driveUntil(() => shown.at(-1) !== undefined);
    assert.ok(!shown.includes(first));
  });

  test('the plan of a reset warns of a published object that no workload refers to', async () => {
    const fixture = planOnly();
    await planned(fixture);
    assert.deepEqual(
      fixture.status.plan?.warnings?.map((warning) => /refers to (\S+),/.exec(warning)?.[1]),
      ['Secret/orders-db-ca'],
    );
  });

  test('the plan of a reset warns of workloads that will not roll, or not find their key', async () => {
    const clientCertificates = [{ commonName: 'api', secretName: 'api-cert' }];
    const fixture = planOnly({ spec: { clientCertificates, rollout: { kinds: ['Deployment', 'StatefulSet'] } } });
    const refersTo = ['Secret/api-cert', 'Secret/orders-db-ca'];
    fixture.workloads.add(
      aWorkload({ name: 'open', refersTo, openFiles: [{ secret: 'api-cert' }] }),
      aWorkload({ name: 'public', refersTo, openFiles: [{ secret: 'api-cert', keys: ['client-cert.pem'] }] }),
      aWorkload({ name: 'paused', paused: true }),
      aWorkload({ name: 'out', annotations: { [annotations.rollout]: 'disabled' } }),
      aWorkload({ name: 'owned', owner: { kind: 'Postgres', name: 'db' } }),
      aWorkload({
        kind: 'StatefulSet',
        name: 'stuck',
        ordered: { firstOrdinal: 0, updateRevision: '', currentReplicas: 2 },
        status: { availableReplicas: 1 },
      }),
    );
    await planned(fixture);
    const words = fixture.status.plan?.warnings?.map((warning) => warning.split(' ').slice(0, 4).join(' '));
    assert.deepEqual(words, [
      'Deployment open mounts the',
      'Deployment out is opted',
      'Deployment owned belongs to',
      'Deployment paused is paused,',
      'StatefulSet stuck has pods',
    ]);
  });

  test('the plan of a reset is another one after a call that was executed, and the same after one that was not', async () => {
    const ids: (string | undefined)[] = [];
    for (const failing of [true, false]) {
      const fixture = new Fixture({ spec: { requestId: 'a' } });
      fixture.cloudSql.turns.push(failing ? { kind: 'Execute' } : { kind: 'Answer', answer: rejection(403) }, {
        kind: 'Execute',
      });
      if (failing) fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
      const seen: string[] = [];
      fixture.resets.watch(({ status }) => {
        if (status.plan !== undefined && seen.at(-1) !== status.plan.id) seen.push(status.plan.id);
      });
      const operator = new Operator(fixture);
      await operator.drive();
      fixture.cloudSql.operationError = undefined;
      fixture.annotate({ [annotations.retry]: '1' });
      await operator.drive();
      ids.push(String(seen.length));
    }
    assert.deepEqual(ids, ['2', '1']);
  });
});

describe('an object with planOnly', () => {
  test('an object with planOnly is Ready with its plan, calls and rolls nothing, and begins when planOnly is taken away', async () => {
    const fixture = planOnly();
    const operator = await planned(fixture, 3 * 3_600_000);
    assert.deepEqual([fixture.end, fixture.cloudSql.calls, fixture.workloads.writes], ['Planned', 0, 0]);
    assert.equal(fixture.status.history, undefined);
    assert.equal(fixture.status.executedRequestIds, undefined);
    fixture.resets.edit(fixture.ref, { spec: { planOnly: false } });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an object with planOnly writes nothing while nothing but the time changes, and a new plan when its facts do', async () => {
    const fixture = planOnly();
    const operator = await planned(fixture);
    const { id } = fixture.status.plan ?? {};
    const { writes } = fixture.resets;
    const endMs = fixture.clock.wallMs + 60 * MINUTE_MS;
    await operator.driveUntil(() => fixture.clock.wallMs >= endMs);
    assert.equal(fixture.resets.writes, writes);
    fixture.cloudSql.state = { sslMode: 'ENCRYPTED_ONLY' };
    await operator.driveUntil(() => fixture.status.plan?.id !== id);
    assert.equal(fixture.end, 'Planned');
  });

  test('an object with planOnly asks Cloud SQL for nothing between two looks, however often it is touched', async () => {
    const fixture = planOnly();
    const operator = await planned(fixture);
    const { reads } = fixture.cloudSql;
    await operator.pass(fixture.ref);
    await operator.pass(fixture.ref);
    assert.equal(fixture.cloudSql.reads, reads);
  });

  test('an object with planOnly of which nothing is to be called says so', async () => {
    const fixture = planOnly({ spec: { preconditions: { serverCaSha1Fingerprint: 'f'.repeat(40) } } });
    await planned(fixture);
    assert.deepEqual([fixture.end, fixture.status.plan, fixture.workloads.writes], ['Planned', undefined, 0]);
  });
});

test('a plan that somebody has written into the status is made anew', async () => {
  const fixture = planOnly();
  const operator = await planned(fixture);
  const { plan } = fixture.status;
  assert.ok(plan);
  const forged = { ...fixture.status, plan: { ...plan, id: '0'.repeat(16) } };
  await fixture.resets.updateStatus(fixture.reset, forged);
  await operator.driveUntil(() => fixture.status.plan?.id === plan.id);
  assert.equal(fixture.end, 'Planned');
});
