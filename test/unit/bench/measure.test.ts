import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Measure, mean, median, medianOf, percentile } from '../../bench/measure.ts';

test('the median is the one in the middle, or halfway between the two', () => {
  assert.equal(median([3, 1, 100]), 3);
  assert.equal(median([4, 1, 2, 100]), 3);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test('a median is of one way to do it, and of one size', () => {
  const measures: readonly Measure[] = [
    { metric: 'roll', who: 'ours', size: 10, value: 1 },
    { metric: 'roll', who: 'ours', size: 10, value: 3 },
    { metric: 'roll', who: 'ours', size: 100, value: 50 },
    { metric: 'roll', who: 'floor', size: 10, value: 70 },
    { metric: 'start', who: 'ours', value: 90 },
  ];
  assert.equal(medianOf(measures, { metric: 'roll', who: 'ours', size: 10 }), 2);
  assert.equal(medianOf(measures, { metric: 'start', who: 'ours' }), 90);
  assert.equal(medianOf(measures, { metric: 'roll', who: 'ours' }), undefined);
});

test('a percentile is the least value that so many percent do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(hundred, 95), 95);
  assert.equal(percentile([3, 1, 2], 95), 3);
  assert.equal(percentile([7], 0), 7);
  assert.ok(Number.isNaN(percentile([], 95)));
});

test('a mean is the sum over the count', () => {
  assert.equal(mean([1, 2, 6]), 3);
});
