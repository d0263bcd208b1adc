import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '../../../src/lib/bounded-map.ts';

test('a bounded map forgets what was set longest ago, and an entry that is set again counts as new', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('b', 3);
  assert.deepEqual([...map.values()], [1, 3]);
  map.set('a', 4).set('c', 5);
  assert.deepEqual([...map.values()], [4, 5]);
  map.delete('a');
  map.set('d', 6);
  assert.deepEqual([...map.values()], [5, 6]);
});
