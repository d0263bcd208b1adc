/** A rotation of an instance's server CA, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aReset, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { rejection } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LIFE = { createTime: '2016-01-01T00:00:00Z', expirationTime: '2036-01-01T00:00:00Z' };

type Rotation = NonNullable<ServerCaParts['spec']>['rotation'];

async function ready(rotation: Rotation = {}, parts: ServerCaParts = {}, settings = {}): Promise<Followed> {
  const site = new Followed(
    { ...parts, spec: { rotation: { mode: 'OnRequest', ...rotation }, ...parts.spec } },
    settings,
  );
  site.cloudSql.listed = [ca(1, { expirationTime: LIFE.expirationTime })];
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed, rotation: NonNullable<Rotation>): void =>
  site.serverCas.edit(site.ref, { spec: { rotation } });
const outcomes = ({ status }: Followed): readonly string[] =>
  (status.history ?? []).map(({ cause, outcome }) => `${cause} ${outcome}`);

describe('a rotation', () => {
  test('a rotation by a requestId adds a CA, has every workload trust both, holds, switches by fingerprint, verifies, and rolls once', async () => {
    const site = await ready();
    const rolls = site.workloads.writes;
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), 'False Holding');
    assert.deepEqual(site.roles(), ['1 Active', '2 Waiting']);
    await site.operator.driveFor(8 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.roles(), ['2 Active', '1 RotatedOut']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
    assert.equal(site.workloads.writes - rolls, 2);
    await site.operator.driveFor(24 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a rotation that is verified says so, and not that anything is rolled', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring', holdSeconds: 60 });
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.status.rotation?.phase, 'Verifying');
    assert.equal(site.reason('Reconciling'), 'True Verifying');
    assert.equal(site.reason('WorkloadsRolled'), 'True Unchanged');
  });

  test('a rotation lists the CAs five times: as its spec has changed, and before and after each of its two calls', async () => {
    const site = await ready({ holdSeconds: 0, verifySeconds: 0 });
    const { listReads } = site.cloudSql;
    ask(site, { requestId: 'spring', holdSeconds: 0, verifySeconds: 0 });
    await site.operator.driveUntil(() => outcomes(site).length > 0);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
    assert.equal(site.cloudSql.listReads - listReads, 5);
  });

  test('a rotation that is over leaves nothing to write', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    const writes = [site.writes, site.serverCas.writes];
    await site.operator.driveFor(5 * HOUR_MS);
    assert.deepEqual([site.writes, site.serverCas.writes], writes);
  });

  test('a requestId that an object has when it is created is recorded, and rotates nothing', async () => {
    const site = await ready({ requestId: 'restored' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.deepEqual(site.status.executedRequestIds, ['restored']);
  });

  test('a requestId that an object gets while it may not follow rotates once it may, and one that it had from the beginning does not', async () => {
    for (const [requestId, calls] of [
      [undefined, ['Add', 'Rotate 2']],
      ['spring', []],
    ] as const) {
      const rotation = { mode: 'OnRequest', holdSeconds: 0, ...(requestId !== undefined && { requestId }) } as const;
      const site = new Followed({ spec: { rotation } }, { settings: { allowedInstances: [] } });
      site.cloudSql.listed = [ca(1, { expirationTime: LIFE.expirationTime })];
      await site.operator.driveFor(MINUTE_MS);
      assert.equal(site.reason('Stalled'), 'True NotPermitted');
      ask(site, { requestId: 'spring' });
      await site.operator.driveFor(MINUTE_MS);
      site.namespaces.annotate('orders', { [annotations.rotatableInstances]: 'acme-prod/*' });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, calls);
      assert.deepEqual(site.status.executedRequestIds, ['spring']);
    }
  });

  test('a rotation takes a CA that waits, and adds none in its place', async () => {
    const site = await ready();
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Rotate 2']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('a CA that waits and expires with the active one is replaced, once, and what comes in its place is taken', async () => {
    const site = await ready();
    const { expirationTime } = LIFE;
    site.cloudSql.listed = [ca(1, { expirationTime }), ca(2, { expirationTime })];
    site.cloudSql.makeCa = (n) => ca(n, { expirationTime });
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 3']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('a pin rolls back to the CA of before by publish, roll and hold, and nothing is switched twice', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    site.serverCas.edit(site.ref, { spec: { rotation: { activeSha1Fingerprint: fingerprint(1).toUpperCase() } } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    assert.deepEqual(outcomes(site), ['Pin Rotated', 'RequestId Rotated']);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a pin of a CA that is not listed stalls, and goes on once it is another one', async () => {
    const site = await ready();
    ask(site, { activeSha1Fingerprint: 'f'.repeat(40) });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True ServerCaNotListed');
    ask(site, { activeSha1Fingerprint: fingerprint(1) });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('a CA that is about to expire is rotated with WhenDue, and with OnRequest it is not', async () => {
    for (const [mode, calls] of [
      ['WhenDue', ['Add', 'Rotate 2']],
      ['OnRequest', []],
    ] as const) {
      const site = new Followed({ spec: { rotation: { mode } } });
      const soon = new Date(site.clock.wallMs + 10 * 24 * HOUR_MS).toISOString();
      site.cloudSql.listed = [ca(1, { createTime: LIFE.createTime, expirationTime: soon })];
      site.cloudSql.makeCa = (n) => ca(n, { expirationTime: LIFE.expirationTime });
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, calls);
    }
  });

  for (const [name, executedAfterMs] of [
    ['executed', 0],
    ['executed late', 200_000],
    ['never executed', undefined],
  ] as const) {
    for (const call of ['add', 'switch'] as const) {
      test(`a lost answer of ${call} that was ${name} ends in one ${call} that counts, and none is repeated while it may run`, async () => {
        const site = await ready();
        if (call === 'switch') site.cloudSql.rotationTurns.push({ kind: 'Execute' });
        site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs });
        ask(site, { requestId: 'spring' });
        await site.operator.driveFor(3 * HOUR_MS);
        assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
        assert.deepEqual(outcomes(site), ['RequestId Rotated']);
      });
    }
  }

  test('a process that is killed at any call of a rotation rotates once all the same', async () => {
    const whole = new Faults();
    const first = await ready({}, {}, { faults: whole });
    const from = whole.calls.length;
    ask(first, { requestId: 'spring' });
    await first.operator.driveFor(HOUR_MS);
    const until = whole.calls.length;
    assert.deepEqual(first.cloudSql.rotations, ['Add', 'Rotate 2']);
    const writes = /send|updateStatus|apply|annotate/;
    const points = Array.from({ length: until - from }, (_, n) => from + n).filter((n) =>
      writes.test(whole.calls[n] ?? ''),
    );
    for (const fault of ['KillBefore', 'KillAfter', 'LoseAnswer'] as const satisfies readonly Fault[]) {
      for (const n of points) {
        const site = await ready({}, {}, { faults: new Faults((at) => (at === n ? fault : undefined)) });
        ask(site, { requestId: 'spring' });
        await site.operator.driveFor(3 * HOUR_MS);
        assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2'], `${fault} ${n} ${whole.calls[n]}`);
        assert.deepEqual(outcomes(site), ['RequestId Rotated'], `${fault} ${n} ${whole.calls[n]}`);
      }
    }
  });

  test('dependents that fail after the switch have it taken back once, and the CA is not taken again', async () => {
    const site = await ready();
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) !== 'Rotate 2') return;
      site.workloads.progress('api', { availableReplicas: 0 });
    };
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    assert.deepEqual(outcomes(site), ['RequestId RolledBack']);
    assert.deepEqual(site.status.rotation?.rejected, [fingerprint(2)]);
  });

  test('a switch back to an instance that is gone says so once, writes nothing more, and goes on when the instance is back', async () => {
    const site = await ready();
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) !== 'Rotate 2') return;
      site.workloads.progress('api', { availableReplicas: 0 });
    };
    ask(site, { requestId: 'spring' });
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'SwitchingBack');
    site.cloudSql.isInstanceGone = true;
    // Beyond the deadline of what follows the instance, which says so too.
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.reason('ServerCaRotated'), 'False SwitchingBack');
    assert.match(findCondition(site.status.conditions, 'ServerCaRotated')?.message ?? '', /InstanceNotFound/);
    const writes = [site.writes, site.serverCas.writes];
    await site.operator.driveFor(24 * HOUR_MS);
    assert.deepEqual([site.writes, site.serverCas.writes], writes);
    site.cloudSql.isInstanceGone = false;
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    assert.deepEqual(outcomes(site), ['RequestId RolledBack']);
  });

  for (const [what, recovers, said] of [
    ['come back after it show that the server CA was the cause, and nothing more is said', true, /^Dependents were/],
    [
      'are not healthy a minute after it had another cause, and the message says so once',
      false,
      /^Still not healthy a minute after the switch back: Deployment api\. So the server CA was not the cause\. Dependents were/,
    ],
  ] as const) {
    test(`dependents of a switch that was taken back that ${what}`, async () => {
      const site = await ready();
      site.cloudSql.onSwitched = () => {
        const [, ...switches] = site.cloudSql.rotations;
        if (switches.length === 0) return;
        const isBack = switches.length > 1;
        site.workloads.progress('api', { availableReplicas: isBack && recovers ? 2 : 0 });
      };
      ask(site, { requestId: 'spring' });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
      assert.equal(site.reason('ServerCaRotated'), 'False RotationRolledBack');
      assert.match(findCondition(site.status.conditions, 'ServerCaRotated')?.message ?? '', said);
      assert.equal(site.status.rotation?.dependents, undefined);
      const writes = site.serverCas.writes;
      await site.operator.driveFor(HOUR_MS);
      assert.equal(site.serverCas.writes, writes);
    });
  }

  test('an object that is deleted in the middle of its rotation tells what is left of that, and another one goes on at once', async () => {
    const site = await ready({ holdSeconds: 3_600 }, { creationTimestamp: '2026-01-01T00:00:00Z' });
    const second = site.serverCas.create(
      aServerCa({
        name: 'second',
        spec: { serverCa: { secretName: 'second-ca' }, rotation: { mode: 'OnRequest', holdSeconds: 0 } },
      }),
    );
    const told = () => site.operator.events.filter(({ reason }) => reason === 'RotationAbandoned');
    await site.operator.driveFor(MINUTE_MS);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.status.rotation?.phase, 'Holding');
    site.serverCas.edit(second, { spec: { rotation: { requestId: 'spring' } } });
    await site.operator.driveFor(MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    site.serverCas.delete(site.ref);
    site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
    await site.operator.driveFor(1_000);
    assert.equal(told().length, 1);
    assert.equal(site.serverCas.read(second).status.rotation?.phase, 'Switching');
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(
      told().map(({ note }) => note),
      [
        `Deleted in the middle of a rotation (Holding): ${fingerprint(2)} waits to be used, and nobody switches to it; another CloudSqlServerCa of the instance takes it for its next rotation`,
      ],
    );
  });

  test('another object of the instance that does not have the next CA holds the switch up, and at the deadline it stalls', async () => {
    const site = await ready({ holdSeconds: 0 });
    const name = 'slow';
    site.workloads.add(aWorkload({ name: 'other', namespace: 'second', paused: true }));
    const second = site.serverCas.create(aServerCa({ namespace: 'second', name }));
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason('ServerCaRotated'), 'False WaitingForSiblings');
    assert.deepEqual(site.status.rotation?.waitingFor, [{ namespace: 'second', objects: 1 }]);
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
    site.serverCas.edit(second, { spec: { rollout: { disabled: true } } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('a reset of somebody in the middle of a rotation ends it, and the request is done', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    site.cloudSql.listed = [ca(9)];
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.deepEqual(outcomes(site), ['RequestId Superseded']);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a rotation that is suspended calls nothing, and goes on when it is resumed', async () => {
    const site = await ready({}, { annotations: { [annotations.suspend]: 'true' } });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('ServerCaRotated'), 'False Suspended');
    assert.equal(site.reason(), 'True UpToDate');
    site.serverCas.edit(site.ref, { annotations: {} });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('an object whose namespace may only follow the instance rotates nothing, and follows', async () => {
    const settings = { allowedInstances: [], followableInstances: [{ pattern: 'acme-prod/*' }] };
    const site = await ready({}, {}, { settings });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('ServerCaRotated'), 'False NotPermitted');
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('an object whose namespace may only follow the instance looks seldom whether it may rotate, and rotates as soon as it may', async () => {
    const settings = { allowedInstances: [], followableInstances: [{ pattern: 'acme-prod/*' }] };
    const site = await ready({}, {}, { settings });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(1_000);
    const before = site.namespaces.reads;
    await site.operator.driveFor(HOUR_MS);
    assert.ok(site.namespaces.reads - before <= 16);
    site.namespaces.annotate('orders', { [annotations.rotatableInstances]: 'acme-prod/*' });
    await site.operator.driveFor(1);
    assert.notEqual(site.reason('ServerCaRotated'), 'False NotPermitted');
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('a rotation that is asked for while a workload is missing waits for that, and says so', async () => {
    const site = await ready();
    const targets = [{ kind: 'Deployment', name: 'nowhere' }] as const;
    site.serverCas.edit(site.ref, { spec: { rollout: { targets }, rotation: { requestId: 'spring' } } });
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True RolloutFailed');
    assert.equal(site.reason('ServerCaRotated'), 'False RotationDue');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('a rotation calls nothing where an administrator demands approval, until somebody approves it', async () => {
    const site = await ready({}, {}, { settings: { approval: 'Manual' } });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    const writes = site.serverCas.writes;
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.serverCas.writes, writes);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a rotation after preconditions.notAfterTime calls nothing, and the object stays ready', async () => {
    const site = await ready(
      {},
      { spec: { rotation: { mode: 'OnRequest' }, preconditions: { notAfterTime: '2020-01-01T00:00:00Z' } } },
    );
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('ServerCaRotated'), 'False Expired');
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a CA that was switched back from is not taken again after the status is lost, since the Secret remembers it', async () => {
    const site = await ready({ mode: 'WhenDue' });
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) === 'Rotate 2') site.workloads.progress('api', { availableReplicas: 0 });
    };
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(2 * HOUR_MS);
    site.workloads.progress('api', { availableReplicas: 2 });
    site.serverCas.wipe(site.ref);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.status.rotation?.rejected, [fingerprint(2)]);
    ask(site, { requestId: 'summer' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1', 'Add', 'Rotate 3']);
  });

  test('an instance with a CA of a kind that nobody knows, a First Generation instance and a replica are not rotated, and the object says so', async () => {
    for (const state of [{ serverCaMode: 'SOME_OTHER_CA' }, { backendType: 'FIRST_GEN' }, { primary: 'orders' }]) {
      const site = await ready();
      site.cloudSql.state = state;
      ask(site, { requestId: 'spring' });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, []);
      assert.equal(site.reason('Stalled'), 'True NotRotatable');
    }
  });

  test('of two objects that ask to rotate one instance the older goes first, and the younger comes after it', async () => {
    const site = await ready({ holdSeconds: 0 }, { creationTimestamp: '2026-01-01T00:00:00Z' });
    const second = site.serverCas.create(
      aServerCa({
        namespace: 'second',
        creationTimestamp: '2026-01-02T00:00:00Z',
        spec: { rotation: { mode: 'OnRequest', holdSeconds: 0 } },
      }),
    );
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site, { requestId: 'a' });
    site.serverCas.edit(second, { spec: { rotation: { requestId: 'b' } } });
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Add', 'Rotate 3']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('additions beyond the hourly limit wait for the hour to be over', async () => {
    const site = await ready({}, {}, { settings: { maxRotationsPerHour: 1 } });
    ask(site, { requestId: 'a' });
    await site.operator.driveFor(40 * MINUTE_MS);
    ask(site, { requestId: 'b' });
    await site.operator.driveFor(15 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason('ServerCaRotated'), 'False Throttled');
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Add', 'Rotate 3']);
  });

  test('an addition that was refused for good is none of those that the hourly limit counts', async () => {
    const site = await ready({}, {}, { settings: { maxRotationsPerHour: 1 } });
    site.cloudSql.rotationTurns.push({ kind: 'Answer', answer: rejection(400) });
    ask(site, { requestId: 'a' });
    await site.operator.driveFor(5 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True InvalidRequest');
    site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
    await site.operator.driveFor(40 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a CloudSqlSslReset waits for a call of a rotation whose outcome is not known', async () => {
    const site = await ready();
    site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs: undefined });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(MINUTE_MS);
    site.resets.create(aReset({ name: 'sharp' }));
    await site.operator.driveFor(2 * MINUTE_MS);
    assert.equal(site.cloudSql.calls, 0);
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.equal(site.cloudSql.calls, 1);
  });

  test('an operation that failed stalls the rotation, and a new value of retry tries it again', async () => {
    const site = await ready();
    site.cloudSql.operationError = { kind: 'sql#operationErrors', errors: [{ code: 'INTERNAL', message: 'boom' }] };
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True OperationFailed');
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    site.cloudSql.operationError = undefined;
    site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Add', 'Rotate 2']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('an operator that takes over in the hold waits for the rest of it alone', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    site.operator.restart();
    await site.operator.driveFor(9 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a call whose answer is lost is given up after the grace, however often the instance is looked at meanwhile', async () => {
    const site = await ready({ holdSeconds: 0 }, {}, { settings: { pollMinMs: 5_000, pollMaxMs: MINUTE_MS } });
    // It has this one look as well, at times of its own.
    site.serverCas.create(aServerCa({ namespace: 'second' }));
    await site.operator.driveFor(MINUTE_MS / 2);
    site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs: undefined });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('an operation that is found after a lost answer is claimed, so that no reset takes it for its own', async () => {
    const site = await ready({ holdSeconds: 0 });
    site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs: 0 });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.status.rotationOperations, ['op-2', 'op-1']);
  });

  test('an add that ran although its answer refused it is found by its CA, also where the account is not known', async () => {
    const site = await ready({ holdSeconds: 0 });
    site.cloudSql.user = undefined;
    site.cloudSql.rotationTurns.push({ kind: 'Copied', answer: rejection(429) });
    site.cloudSql.makeCa = (n) => ca(n, { expirationTime: LIFE.expirationTime });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
  });

  test('a rotation that fails right after an edit of its object says so', async () => {
    const site = await ready();
    site.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    ask(site, { requestId: 'spring' });
    await site.operator.driveUntil(() => site.status.rotation?.record?.outcome === 'Accepted');
    const endMs = site.clock.wallMs + site.cloudSql.operationMs;
    site.cloudSql.onRead = () => {
      if (site.clock.wallMs < endMs || site.object.spec.deadlineSeconds === 1_800) return;
      site.serverCas.edit(site.ref, { spec: { deadlineSeconds: 1_800 } });
    };
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True OperationFailed');
    assert.equal(site.status.observedGeneration, site.object.metadata.generation);
  });

  test('an edit is observed also while a call of an instance that is gone is followed without an end', async () => {
    const site = await ready({}, {}, { settings: { pollMinMs: 5_000, pollMaxMs: MINUTE_MS } });
    ask(site, { requestId: 'spring' });
    await site.operator.driveUntil(() => site.status.rotation?.record?.outcome === 'Accepted');
    site.cloudSql.isInstanceGone = true;
    site.cloudSql.hidesOperations = true;
    await site.operator.driveFor(2 * HOUR_MS);
    site.serverCas.edit(site.ref, { spec: { deadlineSeconds: 1_800 } });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.status.observedGeneration, site.object.metadata.generation);
  });
});
