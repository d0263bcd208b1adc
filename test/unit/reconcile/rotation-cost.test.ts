/** What the plan of a rotation costs: calls of the Admin API, and lists of workloads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Costed {
  readonly site: Followed;
  /** What was called since, without what the object itself and its Namespace are read and written by. */
  readonly calls: () => readonly string[];
}

/** An object at rest, whose instance is rotated on request. */
async function atRest(spec: NonNullable<ServerCaParts['spec']> = {}): Promise<Costed> {
  const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0 } as const;
  const kinds = ['Deployment', 'StatefulSet'] as const;
  const site = new Followed({ spec: { ...spec, rollout: { kinds }, rotation } });
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  const { calls } = site.operator.faults;
  const from = calls.length;
  return { site, calls: () => calls.slice(from).filter((call) => /^(cloudSql|workloads)\./.test(call)) };
}

const ask = (site: Followed): void => site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
const ofCloudSql = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => call.startsWith('cloudSql.'));

describe('the plan of a rotation', () => {
  test('the plan of a rotation costs Cloud SQL nothing but what the rotation begins by, and one list of each kind of workload', async () => {
    const { site, calls } = await atRest();
    ask(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(calls().slice(0, calls().indexOf('cloudSql.sendAdd')), [
      // The look at the new request, and what was rolled.
      ...['cloudSql.serverCas', 'workloads.list', 'workloads.list'],
      // Whether the instance can be rotated, and the plan.
      ...['cloudSql.instance', 'workloads.list', 'workloads.list'],
      // Right before the call.
      ...['cloudSql.operations', 'cloudSql.instance', 'cloudSql.serverCas', 'cloudSql.identity'],
      'cloudSql.prepareAddServerCa',
    ]);
  });

  test('the plan of a rotation that waits costs Cloud SQL nothing but the looks that an object at rest has, however long', async () => {
    const rested = await atRest();
    const waiting = await atRest({ approval: 'Manual' });
    ask(waiting.site);
    for (const { site } of [rested, waiting]) await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(waiting.site.reason('ServerCaRotated'), 'False AwaitingApproval');
    const before = [rested, waiting].map(({ calls }) => calls().length);
    for (const { site } of [rested, waiting]) await site.operator.driveFor(6 * HOUR_MS);
    const [atEase = [], held = []] = [rested, waiting].map(({ calls }, place) => calls().slice(before[place]));
    assert.ok(ofCloudSql(atEase).length >= 70);
    assert.deepEqual(ofCloudSql(held), ofCloudSql(atEase));
    // One for each kind, as often as the instance is looked at.
    assert.ok(held.length - ofCloudSql(held).length <= 2 * (ofCloudSql(held).length + 1));
  });

  test('the plan of a rotation that was approved costs Cloud SQL one read of the instance more, however long it waited', async () => {
    const of: (readonly string[])[] = [];
    for (const approval of ['Automatic', 'Manual'] as const) {
      const { site, calls } = await atRest({ approval });
      ask(site);
      if (approval === 'Manual') {
        await site.operator.driveFor(4 * MINUTE_MS);
        site.serverCas.edit(site.ref, { annotations: { [annotations.approve]: site.status.plan?.id ?? '' } });
      }
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
      of.push(ofCloudSql(calls().slice(0, calls().indexOf('cloudSql.sendAdd'))).toSorted());
    }
    const [automatic = [], manual = []] = of;
    assert.deepEqual(manual, [...automatic, 'cloudSql.instance'].toSorted());
  });
});
