import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oneLine } from '../../../src/lib/one-line.ts';

test('lines, tabs and separators are joined by one blank into one line', () =>
  assert.equal(oneLine(' a\r\n\tb\u2028c\u0000d '), 'a b c d'));
test('a line of just the greatest length stays as it is', () =>
  assert.equal(oneLine('x'.repeat(1024)), 'x'.repeat(1024)));
test('a longer line is cut and shows it', () => assert.equal(oneLine('abcdef', 4), 'abc…'));
test('any text becomes one well-formed line within its greatest length', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (text, max) => {
      const line = oneLine(text, max);
      assert.ok(line.length <= max);
      assert.ok(line.isWellFormed());
      assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 1000 },
  ));
