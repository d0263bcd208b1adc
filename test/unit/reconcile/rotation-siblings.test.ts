/** A rotation, and what other objects of the instance do meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aWorkload } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRES = '2036-01-01T00:00:00Z';

type Rotation = NonNullable<ServerCaParts['spec']>['rotation'];

async function ready(rotation: Rotation = {}): Promise<Followed> {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0, ...rotation } } });
  site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed): void => site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });

describe('a rotation that waits for a workload', () => {
  for (const [whose, namespace] of [
    ['its own object', 'orders'],
    ['another object', 'second'],
  ] as const) {
    test(`a workload of ${whose} that is paused holds the switch until the deadline, and the rotation goes on by itself once it is resumed`, async () => {
      const site = await ready();
      site.workloads.add(aWorkload({ name: 'slow', namespace }));
      site.serverCas.create(aServerCa({ namespace: 'second' }));
      await site.operator.driveFor(6 * MINUTE_MS);
      site.workloads.pause('slow');
      ask(site);
      await site.operator.driveFor(2 * HOUR_MS);
      assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
      assert.deepEqual(site.status.rotation?.waitingFor, [{ namespace, objects: 1 }]);
      const writes = [site.writes, site.serverCas.writes];
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual([site.writes, site.serverCas.writes], writes);
      assert.deepEqual(site.cloudSql.rotations, ['Add']);
      const { status, ...resumed } = site.workloads.read('slow');
      site.workloads.add({ ...resumed, paused: false, status: { ...status, updatedReplicas: status.replicas } });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
      assert.equal(site.reason(), 'True UpToDate');
    });
  }
});
