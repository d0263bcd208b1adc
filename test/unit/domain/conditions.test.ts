import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setConditions } from '../../../src/domain/conditions.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import { aCondition, at, dateAt, NOW } from '../../support/fakes/builders.ts';

describe('setConditions', () => {
  const before = [aCondition('Ready', 'False', 'Throttled')];
  const options = { generation: 3, now: dateAt(60) };
  const set = (status: 'True' | 'False', reason: Reason) =>
    setConditions(before, [{ type: 'Ready', status, reason, message: 'm' }], options)[0];

  test('lastTransitionTime stays where only the reason changes', () =>
    assert.equal(set('False', 'InstanceNotFound')?.lastTransitionTime, NOW));
  test('lastTransitionTime is now where the status changes', () =>
    assert.equal(set('True', 'Complete')?.lastTransitionTime, at(60)));
  test('lastTransitionTime of a new condition is now', () =>
    assert.equal(
      setConditions([], [{ type: 'Stalled', status: 'True', reason: 'Expired', message: '' }], options)[0]
        ?.lastTransitionTime,
      at(60),
    ));
  test('each carries the generation that it speaks of', () =>
    assert.equal(set('False', 'Throttled')?.observedGeneration, 3));
  test('a condition that is not wanted any more goes', () => assert.deepEqual(setConditions(before, [], options), []));
});
