/** What an object that is to rotate says of an instance or a namespace that does not let it, before anything is due. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FOLLOWING = { settings: { allowedInstances: [], followableInstances: [{ pattern: 'acme-prod/*' }] } };

type Rotation = NonNullable<NonNullable<ServerCaParts['spec']>['rotation']>;

function following(rotation: Rotation, settings = {}, state: Followed['cloudSql']['state'] = {}): Followed {
  const site = new Followed({ spec: { rotation } }, settings);
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  site.cloudSql.state = state;
  return site;
}

const message = (site: Followed, type: 'Ready' | 'ServerCaRotated'): string =>
  findCondition(site.status.conditions, type)?.message ?? '';

const warnings = (site: Followed, of: string): number =>
  site.operator.events.filter(({ type, reason }) => type === 'Warning' && reason === of).length;

/** It comes to rest: what is written, published and called from now on is what follows it. */
const written = (site: Followed): readonly number[] => [
  site.serverCas.writes,
  site.operator.events.length,
  site.workloads.writes,
];

describe('an instance that no call can rotate', () => {
  for (const [what, state] of [
    ['a replica', { primary: 'orders' }],
    ['a First Generation instance', { backendType: 'FIRST_GEN' }],
    ['an instance with a CA of a kind that nobody knows', { serverCaMode: 'SOME_OTHER_CA' }],
  ] as const) {
    for (const mode of ['WhenDue', 'OnRequest'] as const) {
      test(`${what} stalls an object with ${mode} at its first look, is followed all the same, and leaves nothing to write`, async () => {
        const site = following({ mode }, {}, state);
        await site.operator.driveFor(5 * MINUTE_MS);
        assert.equal(site.reason('Stalled'), 'True NotRotatable');
        assert.equal(site.reason('ServerCaRotated'), 'False NotRotatable');
        assert.equal(site.reason('WorkloadsRolled'), 'True Rolled');
        assert.equal(await site.published(), 'CA 1\n');
        const before = written(site);
        await site.operator.driveFor(5 * HOUR_MS);
        site.operator.restart();
        await site.operator.driveFor(5 * HOUR_MS);
        assert.deepEqual(written(site), before);
        site.cloudSql.listed = [ca(2)];
        await site.operator.driveFor(10 * MINUTE_MS);
        assert.equal(await site.published(), 'CA 2\n');
        assert.equal(site.reason('Stalled'), 'True NotRotatable');
      });
    }
  }

  test('a replica costs no more calls of the Admin API than a primary', async () => {
    const counts: number[][] = [];
    for (const state of [{}, { primary: 'orders' }]) {
      const site = following({ mode: 'WhenDue' }, {}, state);
      await site.operator.driveFor(10 * HOUR_MS);
      const { calls } = site.operator.faults;
      counts.push(
        ['cloudSql.instance', 'cloudSql.serverCas'].map((call) => calls.filter((one) => one === call).length),
      );
    }
    assert.deepEqual(counts[1], counts[0]);
  });

  test('an object of a replica that is set to Never is ready, and stalls again with another mode', async () => {
    const site = following({ mode: 'WhenDue' }, {}, { primary: 'orders' });
    await site.operator.driveFor(5 * MINUTE_MS);
    site.serverCas.edit(site.ref, { spec: { rotation: { mode: 'Never' } } });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), undefined);
    site.serverCas.edit(site.ref, { spec: { rotation: { mode: 'OnRequest' } } });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True NotRotatable');
  });

  test('an object of a replica that is promoted is ready within the hour, and what was asked of it meanwhile is done', async () => {
    for (const requestId of [undefined, 'spring']) {
      const site = following({ mode: 'OnRequest', holdSeconds: 0 }, {}, { primary: 'orders' });
      await site.operator.driveFor(5 * MINUTE_MS);
      if (requestId !== undefined) site.serverCas.edit(site.ref, { spec: { rotation: { requestId } } });
      await site.operator.driveFor(3 * HOUR_MS);
      assert.equal(site.reason('Stalled'), 'True NotRotatable');
      site.cloudSql.state = {};
      await site.operator.driveFor(2 * HOUR_MS);
      assert.equal(site.reason(), 'True UpToDate');
      assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
      assert.deepEqual(site.cloudSql.rotations, requestId === undefined ? [] : ['Add', 'Rotate 2']);
    }
  });

  test('an instance that becomes a replica stalls the object within the hour', async () => {
    const site = following({ mode: 'WhenDue' });
    await site.operator.driveFor(5 * MINUTE_MS);
    assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
    site.cloudSql.state = { primary: 'orders' };
    await site.operator.driveFor(HOUR_MS + 10 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True NotRotatable');
    assert.match(message(site, 'Ready'), /replica of orders, .* Set rotation\.mode to Never/);
  });
});

describe('a namespace that may only follow', () => {
  for (const mode of ['WhenDue', 'OnRequest'] as const) {
    test(`an object with ${mode} in a namespace that may only follow says so once it has looked, stays ready, and leaves nothing to write`, async () => {
      const site = following({ mode }, FOLLOWING);
      await site.operator.driveFor(5 * MINUTE_MS);
      assert.equal(site.reason(), 'True UpToDate');
      assert.equal(site.reason('ServerCaRotated'), 'False NotPermitted');
      assert.match(message(site, 'ServerCaRotated'), /rotatable-instances=acme-prod\/orders-db/);
      assert.equal(warnings(site, 'NotPermitted'), 1);
      const before = written(site);
      await site.operator.driveFor(5 * HOUR_MS);
      site.operator.restart();
      await site.operator.driveFor(5 * HOUR_MS);
      assert.deepEqual(written(site), before);
    });
  }

  test('an object that may not rotate looks seldom whether it may, and sees at once that it may', async () => {
    const site = following({ mode: 'WhenDue' }, FOLLOWING);
    await site.operator.driveFor(5 * MINUTE_MS);
    const before = site.namespaces.reads;
    await site.operator.driveFor(HOUR_MS);
    assert.ok(site.namespaces.reads - before <= 16);
    site.operator.restart();
    await site.operator.driveFor(HOUR_MS);
    site.namespaces.annotate('orders', { [annotations.rotatableInstances]: 'acme-prod/*' });
    await site.operator.driveFor(1);
    assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('an object that may not rotate says nothing of it any more once it is set to Never', async () => {
    const site = following({ mode: 'WhenDue' }, FOLLOWING);
    await site.operator.driveFor(5 * MINUTE_MS);
    site.serverCas.edit(site.ref, { spec: { rotation: { mode: 'Never' } } });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason('ServerCaRotated'), undefined);
    assert.equal(site.status.rotation?.gate, undefined);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('an object that may rotate reads its Namespace no more often than one that only follows', async () => {
    const reads: number[] = [];
    for (const mode of ['Never', 'WhenDue'] as const) {
      const site = following({ mode });
      await site.operator.driveFor(10 * HOUR_MS);
      site.operator.restart();
      await site.operator.driveFor(10 * HOUR_MS);
      reads.push(site.namespaces.reads);
    }
    assert.equal(reads[1], reads[0]);
  });
});

test('a replica whose object drops what was rotated out has it dropped as any other, although it is never rotated', async () => {
  const site = new Followed({ spec: { serverCa: { rotatedOut: 'Drop' }, rotation: { mode: 'WhenDue' } } });
  const expirationTime = '2036-01-01T00:00:00Z';
  site.cloudSql.listed = [ca(1, { expirationTime })];
  site.cloudSql.state = { primary: 'orders' };
  await site.operator.driveFor(10 * MINUTE_MS);
  site.cloudSql.listed = [ca(2, { expirationTime }), ca(1, { expirationTime })];
  await site.operator.driveFor(HOUR_MS);
  assert.equal(site.reason('Stalled'), 'True NotRotatable');
  assert.equal(await site.published(), 'CA 2\n');
});

test('a rotation of an instance that became a replica meanwhile goes on within two hours of its promotion', async () => {
  const site = following({ mode: 'OnRequest', holdSeconds: 600 });
  await site.operator.driveFor(MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
  site.cloudSql.state = { primary: 'orders' };
  await site.operator.driveFor(2 * HOUR_MS);
  assert.equal(site.reason('Stalled'), 'True NotRotatable');
  site.cloudSql.state = {};
  await site.operator.driveFor(2 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
});
