import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, fixedBackoffMs } from '../../../src/lib/backoff.ts';

const backoff = { minMs: 1000, maxMs: 60_000 };
const failures = fc.nat();
const chance = fc.double({ min: 0, max: 1, noNaN: true });

test('a back-off doubles from its minimum, after the first failure, to its maximum', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((count) => fixedBackoffMs(backoff, count));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('a back-off lies between half of its fixed wait and all of it, by chance alone', () => {
  assert.equal(
    backoffMs(backoff, 4, () => 0),
    4000,
  );
  assert.equal(
    backoffMs(backoff, 4, () => 0.5),
    6000,
  );
  assert.equal(
    backoffMs(backoff, 4, () => 1),
    8000,
  );
});

test('a back-off stays between its minimum and its fixed wait, which is at most its maximum, after any number of failures', () => {
  fc.assert(
    fc.property(failures, chance, (count, share) => {
      const waitMs = backoffMs(backoff, count, () => share);
      const longestMs = fixedBackoffMs(backoff, count);
      assert.ok(backoff.minMs <= waitMs && waitMs <= longestMs && longestMs <= backoff.maxMs);
    }),
  );
});

test('a back-off never gets shorter with another failure', () => {
  fc.assert(
    fc.property(failures, chance, (count, share) => {
      assert.ok(backoffMs(backoff, count, () => share) <= backoffMs(backoff, count + 1, () => share));
    }),
  );
});
