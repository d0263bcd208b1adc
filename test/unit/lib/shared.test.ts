import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharing } from '../../../src/lib/shared.ts';

test('values that say the same are shared as the first of them, and no more than a thousand are kept', () => {
  const shared = sharing<readonly number[]>((numbers) => numbers.join());
  const first = shared([0]);
  assert.equal(shared([0]), first);
  for (let n = 1; n < 1_000; n += 1) shared([n]);
  assert.notEqual(shared([1_000]), shared([1_000]));
  assert.equal(shared([0]), first);
});
