import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffDelay } from '../../../src/runtime/backoff.ts';

const limits = { minMs: 1000, maxMs: 60_000 };

test('a delay doubles from the first failure to the maximum', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((failures) => backoffDelay(limits, failures, () => 0.999_999));
  assert.deepEqual(delays, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('half of a delay is certain', () => {
  assert.equal(
    backoffDelay(limits, 3, () => 0),
    4000,
  );
});

test('a delay stays within its limits whatever the number of failures', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
      const delay = backoffDelay(limits, failures, () => chance);
      assert.ok(delay >= limits.minMs && delay <= limits.maxMs);
    }),
  );
});
