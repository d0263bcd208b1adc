import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onceFor } from '../../../src/lib/once-for.ts';

test('what is worked out of an object is worked out once for it, and for another one that equals it once more', () => {
  const asked: object[] = [];
  const sizeOf = onceFor((of: { readonly names: readonly string[] }) => {
    asked.push(of);
    return of.names.length;
  });
  const one = { names: ['a', 'b'] };
  const other = { ...one, names: [] };
  assert.deepEqual([sizeOf(one), sizeOf(other), sizeOf(one), sizeOf(other)], [2, 0, 2, 0]);
  assert.deepEqual(asked, [one, other]);
});
