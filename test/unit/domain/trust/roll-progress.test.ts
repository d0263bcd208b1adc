import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RolloutStatus, WorkloadStatus } from '../../../../src/domain/trust/distribution.ts';
import { furthest, newRoll, progressOf } from '../../../../src/domain/trust/roll-progress.ts';
import { at, aWorkload, NOW } from '../../../support/fakes/builders.ts';

const row = (state: string): WorkloadStatus => ({ kind: 'Deployment', name: 'api', wave: 0, state });

describe('the progress of one workload', () => {
  test('the progress of one workload is nothing before it is begun, and all once it is settled, however that is', () => {
    assert.equal(progressOf(row('Pending'), aWorkload()), 0);
    for (const state of ['Rolled', 'Failed', 'Skipped', 'ManualActionRequired', 'Missing'])
      assert.equal(progressOf(row(state), undefined), 100);
  });
  test('the progress of one workload grows with its updated and available replicas while it rolls, and never reaches the end', () => {
    const counts = [0, 1, 2].map((updatedReplicas) =>
      progressOf(row('Rolling'), aWorkload({ status: { updatedReplicas, availableReplicas: updatedReplicas } })),
    );
    assert.deepEqual(counts, [0, 49, 99]);
  });
  test('the progress of one workload is nothing while the counts are those of the old template', () =>
    assert.equal(progressOf(row('Rolling'), aWorkload({ generation: 2, status: { observedGeneration: 1 } })), 0));
});

describe('the furthest that a roll has come', () => {
  test('the furthest that a roll has come moves its time only when it comes further: falling back and recovering renews nothing', () => {
    const first = furthest(150, undefined, NOW);
    assert.deepEqual(first, { progress: 150, progressTime: NOW });
    assert.deepEqual(furthest(100, first, at(5)), first);
    assert.deepEqual(furthest(150, first, at(9)), first);
    assert.deepEqual(furthest(151, first, at(9)), { progress: 151, progressTime: at(9) });
  });
  test('the furthest that a roll has come renews no more often than there are percents to gain', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 })), (seen) => {
        let now: Pick<RolloutStatus, 'progress' | 'progressTime'> | undefined;
        const times = seen.map((progress, n) => {
          now = furthest(progress, now, at(n));
          return now.progressTime;
        });
        assert.ok(new Set(times).size <= 301);
      }),
    ));
  test('the furthest that a roll has come is kept by a roll towards the same revision that begins once more, and its time by any', () => {
    const before = { revision: 'a', total: 3, progress: 200, progressTime: NOW };
    assert.deepEqual(newRoll('a', before), { revision: 'a', progress: 200, progressTime: NOW });
    assert.deepEqual(newRoll('b', before), { revision: 'b', progressTime: NOW });
    assert.deepEqual(newRoll('a', undefined), { revision: 'a' });
  });
});
