import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bound, type Gate, judge } from '../../bench/gates.ts';
import type { Measure } from '../../bench/measure.ts';

const gateOf = (bound: Bound): Gate => ({
  name: 'a gate',
  ours: { metric: 'start', who: 'ours' },
  floor: { metric: 'start', who: 'floor' },
  bound,
});

const ours = (value: number): Measure => ({ metric: 'start', who: 'ours', value });
const floor = (value: number): Measure => ({ metric: 'start', who: 'floor', value });

const isMet = (bound: Bound, ...measures: readonly Measure[]): boolean | undefined =>
  judge(measures, [gateOf(bound)])[0]?.isMet;

test('a bound is met up to itself and missed beyond', () => {
  assert.equal(isMet({ kind: 'AtMost', value: 5 }, ours(5)), true);
  assert.equal(isMet({ kind: 'AtMost', value: 5 }, ours(5.1)), false);
  assert.equal(isMet({ kind: 'AtLeast', value: 5 }, ours(5)), true);
  assert.equal(isMet({ kind: 'AtLeast', value: 5 }, ours(4.9)), false);
});

test('a bound that speaks of the floor is met up to so many times, or so much above it', () => {
  assert.equal(isMet({ kind: 'Times', factor: 2 }, ours(20), floor(10)), true);
  assert.equal(isMet({ kind: 'Times', factor: 2 }, ours(21), floor(10)), false);
  assert.equal(isMet({ kind: 'Above', value: 5 }, ours(15), floor(10)), true);
  assert.equal(isMet({ kind: 'Above', value: 5 }, ours(16), floor(10)), false);
});

test('a gate without its floor is not met', () => {
  assert.equal(isMet({ kind: 'Times', factor: 2 }, ours(1)), false);
  assert.equal(isMet({ kind: 'Above', value: 2 }, ours(1)), false);
});

test('a gate against a build that was not given is not judged', () => {
  const gate: Gate = { ...gateOf({ kind: 'Times', factor: 2 }), floor: { metric: 'start', who: 'before' } };
  assert.deepEqual(judge([ours(1)], [gate]), []);
  assert.equal(judge([ours(1), { ...floor(1), who: 'before' }], [gate])[0]?.isMet, true);
});

test('what was not measured is not judged', () => {
  assert.deepEqual(judge([floor(1)], [gateOf({ kind: 'AtMost', value: 5 })]), []);
});

test('the ratio is that of the medians', () => {
  const [verdict] = judge([ours(10), ours(30), ours(20), floor(5)], [gateOf({ kind: 'Times', factor: 4 })]);
  assert.equal(verdict?.ratio, 4);
  assert.equal(verdict?.isMet, true);
});

test('nothing is no floor to divide by', () => {
  assert.equal(judge([ours(10), floor(0)], [gateOf({ kind: 'AtMost', value: 40 })])[0]?.ratio, undefined);
});
