/** Maintenance windows of a rotation, and of the roll for a CA that waits, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { indexedServerCa } from '../../../src/reconcile/server-ca/indexed-server-ca.ts';
import { aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NIGHT = [aWindow()];
const EXPIRES = '2036-01-01T00:00:00Z';

/** Now is noon, and the window opens at 22:00. */
async function ready(parts: NonNullable<ServerCaParts['spec']> = {}, settings = {}): Promise<Followed> {
  const site = new Followed({ spec: { windows: NIGHT, rotation: { mode: 'OnRequest' }, ...parts } }, settings);
  site.clock.wallMs = Date.parse('2026-11-28T12:00:00Z');
  site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed, rotation: NonNullable<NonNullable<ServerCaParts['spec']>['rotation']>): void =>
  site.serverCas.edit(site.ref, { spec: { rotation } });
const message = ({ status }: Followed): string => findCondition(status.conditions, 'Ready')?.message ?? '';
const until = (site: Followed, time: string): Promise<number> =>
  site.operator.driveFor(Date.parse(time) - site.clock.wallMs);

describe('a rotation with maintenance windows', () => {
  test('a rotation adds and switches only while a window is open, stays Ready until then, and says when the next one opens', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring', holdSeconds: 3 * 3600 });
    await until(site, '2026-11-28T21:59:00Z');
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    assert.equal(site.status.nextWindowTime, '2026-11-28T22:00:00Z');
    await until(site, '2026-11-28T22:10:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.status.nextWindowTime, undefined);
    await until(site, '2026-11-29T12:00:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    assert.equal(site.status.nextWindowTime, '2026-11-29T22:00:00Z');
    await until(site, '2026-11-29T22:30:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
    assert.equal(site.status.nextWindowTime, undefined);
  });

  test('windows of the Namespace count as well: one of each has to be open at once', async () => {
    const site = await ready();
    const json = JSON.stringify([aWindow({ schedule: '0 23 * * *' })]);
    site.namespaces.annotationsOf.set('orders', { [annotations.windows]: json });
    ask(site, { requestId: 'spring' });
    await until(site, '2026-11-28T22:59:00Z');
    assert.deepEqual(site.cloudSql.rotations, []);
    await until(site, '2026-11-28T23:50:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a wait for a window of any length is no standstill, and the deadline begins when it opens', async () => {
    const site = await ready({ deadlineSeconds: 60 });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2)];
    ask(site, { requestId: 'spring', holdSeconds: 0 });
    await until(site, '2026-11-28T21:59:00Z');
    assert.equal(site.status.rotation?.phase, 'Distributing');
    assert.equal(site.reason(), 'True UpToDate');
    await until(site, '2026-11-28T22:20:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Rotate 2']);
  });

  test('a rotation whose window has opened says what it waits for then, and stalls only at the deadline from there', async () => {
    const site = await ready({ deadlineSeconds: 1_200 });
    site.workloads.add(aWorkload({ namespace: 'second', paused: true }));
    site.serverCas.create(aServerCa({ namespace: 'second' }));
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2)];
    ask(site, { requestId: 'spring', holdSeconds: 0 });
    await until(site, '2026-11-28T21:59:00Z');
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    await until(site, '2026-11-28T22:18:00Z');
    assert.equal(site.reason('ServerCaRotated'), 'False WaitingForSiblings');
    await until(site, '2026-11-28T22:22:00Z');
    assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
  });

  const HALF_HOURS = [aWindow({ schedule: '0 * * * *', durationSeconds: 1_800 })];

  test('a rotation that cannot begin in any window stalls at the deadline over all of them, leaves nothing to write then, and retry renews it', async () => {
    const site = await ready({ windows: HALF_HOURS, deadlineSeconds: 5_000 });
    site.cloudSql.state = { state: 'MAINTENANCE' };
    ask(site, { requestId: 'spring' });
    await until(site, '2026-11-28T14:10:00Z');
    assert.equal(site.reason('Stalled'), undefined);
    await until(site, '2026-11-28T14:30:00Z');
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    const { writes } = site.serverCas;
    await until(site, '2026-11-28T20:00:00Z');
    assert.equal(site.serverCas.writes, writes);
    site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
    await until(site, '2026-11-28T21:00:00Z');
    assert.equal(site.reason('Stalled'), undefined);
    site.cloudSql.state = {};
    await until(site, '2026-11-28T21:30:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a switch that cannot be called in any window stalls at the deadline over all of them', async () => {
    const site = await ready({ windows: HALF_HOURS, deadlineSeconds: 5_000 });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2)];
    ask(site, { requestId: 'spring', holdSeconds: 2_000 });
    await until(site, '2026-11-28T12:20:00Z');
    assert.equal(site.status.rotation?.phase, 'Holding');
    site.cloudSql.state = { state: 'MAINTENANCE' };
    await until(site, '2026-11-28T15:10:00Z');
    assert.equal(site.reason('Stalled'), undefined);
    assert.equal(site.status.rotation?.phase, 'Switching');
    await until(site, '2026-11-28T15:30:00Z');
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
  });

  test('a switch back waits for no window', async () => {
    const site = await ready({ windows: [aWindow({ durationSeconds: 60 * 30 })] });
    ask(site, { requestId: 'spring', holdSeconds: 0, verifySeconds: 2 * 3600 });
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) === 'Rotate 2') site.workloads.progress('api', { availableReplicas: 0 });
    };
    await until(site, '2026-11-29T02:00:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    assert.equal(site.status.history?.[0]?.outcome, 'RolledBack');
  });

  test('a window that closes while the record of a call is written has nothing sent, and the call is made in the next one', async () => {
    for (const call of ['Add', 'Switch'] as const) {
      const site = await ready();
      const update = site.serverCas.updateStatus.bind(site.serverCas);
      let isLate = false;
      site.serverCas.updateStatus = async (object, status) => {
        const stored = await update(object, status);
        if (!isLate && status.rotation?.record?.kind === call && status.rotation.record.outcome === undefined) {
          isLate = true;
          const json = JSON.stringify([aWindow({ schedule: '0 4 * * *' })]);
          site.namespaces.annotationsOf.set('orders', { [annotations.windows]: json });
        }
        return stored;
      };
      ask(site, { requestId: 'spring', holdSeconds: 60 });
      await until(site, '2026-11-29T00:00:00Z');
      assert.ok(isLate);
      assert.equal(site.status.rotation?.record?.outcome, 'NotSent');
      site.namespaces.annotationsOf.delete('orders');
      await until(site, '2026-11-30T00:00:00Z');
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    }
  });

  test('a window that opens only after preconditions.notAfterTime ends the rotation as Expired at once', async () => {
    const site = await ready({ preconditions: { notAfterTime: '2026-11-28T20:00:00Z' } });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason('ServerCaRotated'), 'False Expired');
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a time zone that nobody knows never opens, is said to be wrong, and the rotation goes on once it is corrected', async () => {
    const site = await ready({ windows: [aWindow({ timeZone: 'Europe/Berln' })] });
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('Stalled'), 'True InvalidRequest');
    site.serverCas.edit(site.ref, { spec: { windows: [aWindow({ schedule: '0 * * * *' })] } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a rotation that waits for a window leaves nothing to write', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    const { writes } = site.serverCas;
    await site.operator.driveFor(5 * HOUR_MS);
    assert.equal(site.serverCas.writes, writes);
  });
});

describe('the roll for a server CA that waits', () => {
  const waiting = async (mode: 'Never' | 'OnRequest'): Promise<Followed> => {
    const site = await ready({
      rotation: { mode },
      windows: [aWindow({ schedule: '3 22 * * *', durationSeconds: 60 })],
    });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2)];
    await site.operator.driveFor(10 * MINUTE_MS);
    return site;
  };

  for (const mode of ['Never', 'OnRequest'] as const) {
    test(`the roll for a server CA that waits begins in a window, also with the mode ${mode}; it is published at once`, async () => {
      const site = await waiting(mode);
      assert.equal(await site.published(), 'CA 1\nCA 2\n');
      const rolls = site.workloads.writes;
      assert.match(site.status.serverCas?.[1]?.heldBack ?? '', /next one opens at 2026-11-28T22:03:00Z$/);
      assert.equal(site.status.nextWindowTime, '2026-11-28T22:03:00Z');
      assert.equal(site.reason(), 'True UpToDate');
      await until(site, '2026-11-28T22:02:00Z');
      assert.equal(site.workloads.writes, rolls);
      await until(site, '2026-11-28T22:05:00Z');
      assert.equal(site.workloads.writes, rolls + 2);
      assert.equal(site.status.serverCas?.[1]?.heldBack, undefined);
      await until(site, '2026-11-30T00:00:00Z');
      assert.equal(site.workloads.writes, rolls + 2);
    });
  }

  test('the roll for a server CA that waits for a window leaves nothing to write', async () => {
    const site = await waiting('Never');
    const writes = [site.serverCas.writes, site.writes];
    await site.operator.driveFor(5 * HOUR_MS);
    assert.deepEqual([site.serverCas.writes, site.writes], writes);
  });

  test('the roll for a server CA that becomes the active one waits for no window', async () => {
    const site = await waiting('Never');
    const rolls = site.workloads.writes;
    site.cloudSql.listed = [ca(2), ca(1)];
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.roles(), ['2 Active', '1 RotatedOut']);
    assert.equal(site.workloads.writes, rolls + 2);
    assert.equal(site.status.nextWindowTime, undefined);
  });

  test('no switch comes before the roll of an object of the instance that waits for its window, and that is no standstill', async () => {
    const site = await ready({ windows: [], deadlineSeconds: 600, rotation: { mode: 'OnRequest', holdSeconds: 0 } });
    site.serverCas.create(aServerCa({ name: 'other', spec: { windows: NIGHT, serverCa: { secretName: 'other' } } }));
    await site.operator.driveFor(10 * MINUTE_MS);
    ask(site, { requestId: 'spring' });
    await until(site, '2026-11-28T21:59:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    const { writes } = site.serverCas;
    await site.operator.driveFor(30_000);
    assert.equal(site.serverCas.writes, writes);
    await until(site, '2026-11-28T23:00:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.status.serverCas?.[0]?.sha1Fingerprint, fingerprint(2));
  });
});

describe('the roll that forgets a CA', () => {
  /** The instance was switched by a person at noon, once all had the next CA in the night before. */
  async function switched(spec: ServerCaParts['spec'] = {}): Promise<Followed> {
    const site = await ready({ serverCa: { rotatedOut: 'Drop' }, rotation: { mode: 'Never' }, ...spec });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2, { expirationTime: EXPIRES })];
    await until(site, '2026-11-29T12:00:00Z');
    site.cloudSql.listed = [ca(2, { expirationTime: EXPIRES }), ca(1, { expirationTime: EXPIRES })];
    await site.operator.driveFor(HOUR_MS);
    return site;
  }

  test('the roll that forgets a CA begins only while a window is open, the CA stays published until then, and the object says so', async () => {
    const site = await switched();
    const { writes } = site.workloads;
    assert.equal(writes, 4);
    const allWrites = [site.writes, site.serverCas.writes];
    await until(site, '2026-11-29T21:59:00Z');
    assert.deepEqual([site.writes, site.serverCas.writes], allWrites);
    assert.equal(await site.published(), 'CA 2\nCA 1\n');
    assert.equal(site.reason(), 'True UpToDate');
    assert.match(message(site), /not rolled yet to forget the rotated-out one: /);
    assert.equal(site.status.nextWindowTime, '2026-11-29T22:00:00Z');
    await until(site, '2026-11-29T22:10:00Z');
    assert.equal(await site.published(), 'CA 2\n');
    assert.equal(site.workloads.writes, writes + 2);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.status.nextWindowTime, undefined);
    assert.doesNotMatch(message(site), /forget/);
  });

  for (const [what, later] of [
    ['expires', ca(1, { expirationTime: '2026-11-29T15:00:00Z' })],
    ['is listed no more', undefined],
  ] as const) {
    test(`the roll that forgets a CA waits for a window also where that CA ${what} meanwhile`, async () => {
      const site = await switched();
      const { writes } = site.workloads;
      site.cloudSql.listed = [ca(2, { expirationTime: EXPIRES }), ...(later === undefined ? [] : [later])];
      await until(site, '2026-11-29T21:59:00Z');
      assert.equal(await site.published(), 'CA 2\n');
      assert.equal(site.workloads.writes, writes);
      await until(site, '2026-11-29T22:10:00Z');
      assert.equal(site.workloads.writes, writes + 2);
      assert.equal(site.reason(), 'True UpToDate');
    });
  }

  test('the roll that forgets a CA goes on when the window closes after it has begun', async () => {
    const windows = [aWindow({ durationSeconds: 600 })];
    const site = await switched({ windows, rollout: { maxConcurrent: 1, timeoutSeconds: 2_000 } });
    const { writes } = site.workloads;
    site.workloads.rollMs = 15 * MINUTE_MS;
    await until(site, '2026-11-29T22:11:00Z');
    assert.equal(site.workloads.writes, writes + 1);
    await until(site, '2026-11-29T22:50:00Z');
    assert.equal(site.workloads.writes, writes + 2);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a CA that nobody is rolled to forget is dropped at any time', async () => {
    const site = await switched({ rollout: { disabled: true } });
    assert.equal(await site.published(), 'CA 2\n');
  });

  test('the roll that forgets a CA holds back no other object, and makes no workload of a reset trust it', async () => {
    const site = await switched();
    assert.deepEqual(indexedServerCa(site.object).heldBack, []);
    assert.deepEqual(indexedServerCa(site.object).holds, [fingerprint(2)]);
  });
});
