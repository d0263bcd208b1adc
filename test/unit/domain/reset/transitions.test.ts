import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation } from '../../../../src/domain/call/operation.ts';
import type { Status } from '../../../../src/domain/reset/ssl-reset.ts';
import { transitions } from '../../../../src/domain/reset/transitions.ts';
import { aCall, at, NOW } from '../../../support/fakes/builders.ts';

const running: Status = { request: aCall({ outcome: 'Accepted' }) };
const ended = (operation: Partial<Operation>): Status => ({
  request: aCall({ outcome: 'Accepted', doneTime: at(60) }),
  operation: { name: 'op', ...operation },
});

describe('the end of an operation', () => {
  test('the end of an operation has its seconds by the clock of Cloud SQL', () => {
    const after = ended({ insertTime: '2026-03-01T12:00:00.250Z', endTime: '2026-03-01T12:00:41Z' });
    assert.deepEqual(transitions('SyncFromPrimary', running, after), [
      {
        kind: 'OperationEnded',
        mode: 'SyncFromPrimary',
        outcome: 'Done',
        operation: after.operation,
        durationSeconds: 40.75,
      },
    ]);
  });

  test('the end of an operation has none where Cloud SQL does not tell, or tells what cannot be', () => {
    for (const times of [
      {},
      { insertTime: NOW },
      { insertTime: 'x', endTime: NOW },
      { insertTime: at(9), endTime: NOW },
    ]) {
      assert.partialDeepStrictEqual(transitions('All', running, ended(times)), [{ durationSeconds: undefined }]);
    }
  });

  test('the end of an operation is Failed where the operation has an error', () => {
    const after = ended({ error: { errors: [{ code: 'INTERNAL' }] } });
    assert.partialDeepStrictEqual(transitions('All', running, after), [{ outcome: 'Failed' }]);
  });
});

describe('the end of a workload of a roll whose list is full', () => {
  const row = (name: string, state: string) => ({ kind: 'Deployment', name, wave: 0, state, startTime: NOW });
  const rollout = (...workloads: readonly ReturnType<typeof row>[]): Status => ({
    rollout: { revision: 'r', total: 402, workloads },
  });
  test('the end of a workload of a roll whose list is full counts once: one that comes back into the list has ended before', () =>
    assert.deepEqual(
      transitions('All', rollout(row('a', 'Rolling')), rollout(row('a', 'Rolling'), row('b', 'Rolled'))),
      [],
    ));
  test('the end of a workload of a roll whose list is full counts where it was listed before, and where it was refused as it began', () => {
    const after = rollout(row('a', 'Rolled'), row('b', 'Failed'));
    assert.partialDeepStrictEqual(transitions('All', rollout(row('a', 'Rolling')), after), [
      { outcome: 'Rolled' },
      { outcome: 'Failed' },
    ]);
  });
});
