import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../../src/lib/duration.ts';

describe('a duration', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['500ms', 500],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['1.5s', 1500],
    ['0s', 0],
    ['1', undefined],
    ['', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1s ', undefined],
    ['1d', undefined],
    ['1m30', undefined],
  ];
  for (const [text, ms] of cases) {
    it(`a duration of "${text}" is ${ms ?? 'none'}`, () => assert.equal(parseDuration(text), ms));
  }
});
