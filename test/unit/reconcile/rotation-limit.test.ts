/** The limit of CAs that are added in an hour, over several objects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 60 } as const;

test('the hourly limit of additions counts those of all objects, says so, and lets a CA that waits be taken', async () => {
  const site = new Followed({ spec: { rotation } }, { settings: { maxRotationsPerHour: 1 } });
  const second = site.serverCas.create(aServerCa({ namespace: 'second', spec: { rotation } }));
  const expirationTime = '2036-01-01T00:00:00Z';
  site.cloudSql.listed = [ca(1, { expirationTime })];
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime });
  await site.operator.driveFor(MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'first' } } });
  await site.operator.driveFor(20 * MINUTE_MS);
  site.serverCas.edit(second, { spec: { rotation: { requestId: 'second' } } });
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  const { reason } = findCondition(site.serverCas.read(second).status.conditions, 'ServerCaRotated') ?? {};
  assert.equal(reason, 'Throttled');
  site.cloudSql.listed = [...(site.cloudSql.listed ?? []), ca(3)];
  await site.operator.driveFor(20 * MINUTE_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 3']);
});
