/** Nobody is switched over while an object of the instance has more workloads than a status can speak for. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { indexedOfAnyKind } from '../../../src/reconcile/indexed.ts';
import { aCondition, aReset, aWorkload, fingerprint, readyConditions } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;

/** An object that may rotate, of so many workloads, all of which trust what there is. */
async function ready(count: number): Promise<Followed> {
  const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 60 } as const;
  const site = new Followed({ spec: { deadlineSeconds: 600, rollout: { maxConcurrent: 100 }, rotation } });
  site.workloads.remove('api', 'worker');
  site.workloads.rollMs = 0;
  site.workloads.add(...Array.from({ length: count }, (_, n) => aWorkload({ name: `w${n}` })));
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  return site;
}

function assertHeld(site: Followed): void {
  assert.deepEqual(site.cloudSql.rotations, ['Add']);
  assert.deepEqual(site.status.rotation?.waitingFor, [{ namespace: 'orders', objects: 1 }]);
  assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
  const { message = '' } = findCondition(site.status.conditions, 'Stalled') ?? {};
  assert.match(message, /more than 100 workloads, which are to be divided among several objects, .* rollout\.selector/);
}

describe('a rotation of more workloads than a status lists', () => {
  test('101 workloads of one object hold the switch though all are rolled, until it stalls; 100 are switched over, each compared with itself', async () => {
    const site = await ready(101);
    await site.operator.driveFor(15 * MINUTE_MS);
    assertHeld(site);
    assert.equal(site.status.rollout?.summary, '101/101');
    site.workloads.remove('w100');
    site.serverCas.edit(site.ref, { spec: { deadlineSeconds: 900 } });
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
    assert.equal(site.status.rotation?.dependents?.length, 100);
    await site.operator.driveFor(5 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a workload beyond the first 100 that comes right before the switch is not switched over', async () => {
    const site = await ready(100);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Switching');
    site.workloads.add({ ...site.workloads.read('w0'), name: 'w100' });
    await site.operator.driveFor(15 * MINUTE_MS);
    assertHeld(site);
  });

  for (const [kind, holdsOf] of [
    [
      'CloudSqlServerCa',
      (total: number) =>
        indexedOfAnyKind(
          aServerCa({
            status: {
              observedGeneration: 1,
              serverCas: [{ sha1Fingerprint: fingerprint(1), role: 'Active', published: true }],
              rollout: { total, rolled: total },
              conditions: [...readyConditions(), aCondition('ServerCaPublished', 'True', 'Published')],
            },
          }),
        ).holds,
    ],
    [
      'CloudSqlSslReset',
      (total: number) =>
        indexedOfAnyKind(
          aReset({
            spec: { serverCa: { secretName: 'sharp', key: 'server-ca.pem', contents: 'All' } },
            status: {
              observedGeneration: 1,
              serverCa: { published: [fingerprint(1)] },
              rollout: { total, rolled: total },
              conditions: readyConditions(),
            },
          }),
        ).holds,
    ],
  ] as const) {
    test(`a ${kind} of the instance is waited for while it has more than 100 workloads, as many as are rolled`, () => {
      assert.deepEqual(holdsOf(100), [fingerprint(1)]);
      assert.deepEqual(holdsOf(101), []);
    });
  }
});
