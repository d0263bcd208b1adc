import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from '../../../src/lib/retry-after.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const cases: readonly (readonly [string, string | undefined, number | undefined])[] = [
  ['may be absent', undefined, undefined],
  ['may be seconds', '7', 7000],
  ['may be a date', 'Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
  ['is over when its date is', 'Fri, 02 Jan 2026 03:04:00 GMT', 0],
  ['is at most a day', '99999999999', 86_400_000],
  ['is nothing when it is neither', 'soon', undefined],
  ['is nothing when it is empty', '', undefined],
];
for (const [name, value, expected] of cases)
  test(`a Retry-After ${name}`, () => assert.equal(parseRetryAfter(value, now), expected));
