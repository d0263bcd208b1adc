import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gate, judge } from '../../bench/gates.ts';
import type { Measure } from '../../bench/measure.ts';
import { comparisonTable, gateTable, quantity } from '../../bench/table.ts';

test('figures have three digits, or all of a whole number', () => {
  assert.equal(quantity(12.345, 'ms'), '12.3 ms');
  assert.equal(quantity(1_234.5, ''), '1,235');
  assert.equal(quantity(3, 'MB'), '3 MB');
});

const GATES: readonly Gate[] = [
  {
    name: 'start',
    ours: { metric: 'start', who: 'ours' },
    floor: { metric: 'start', who: 'floor' },
    bound: { kind: 'Times', factor: 2.6 },
  },
  { name: 'bundle', ours: { metric: 'bundle', who: 'ours' }, bound: { kind: 'AtMost', value: 3 } },
];

test('a gate is a row: floor, ours, ratio, bound, verdict', () => {
  const measures: readonly Measure[] = [
    { metric: 'start', who: 'ours', value: 100 },
    { metric: 'start', who: 'floor', value: 50 },
    { metric: 'bundle', who: 'ours', value: 3.1 },
  ];
  assert.equal(
    gateTable(judge(measures, GATES)),
    `| gate   | floor |   ours | ratio |         bound | verdict |
|--------|------:|-------:|------:|--------------:|--------:|
| start  | 50 ms | 100 ms |  2.00 | ≤ 2.6 × floor |     met |
| bundle |       | 3.1 MB |       |        ≤ 3 MB |  MISSED |`,
  );
});

test('what was done in one way only is not compared, nor what is a point of a plot', () => {
  const measures: readonly Measure[] = [
    { metric: 'start', who: 'ours', value: 100 },
    { metric: 'start', who: 'README', value: 900 },
    { metric: 'bundle', who: 'ours', value: 3 },
    { metric: 'back', who: 'ours', size: 1, value: 3 },
    { metric: 'back', who: 'README', size: 1, value: 4 },
    { metric: 'memory', who: 'ours', size: 10_000, value: 90 },
    { metric: 'memory', who: 'README', size: 10_000, value: 400 },
  ];
  assert.equal(
    comparisonTable(measures),
    `|                                    |   ours | README |
|------------------------------------|-------:|-------:|
| spawn → first watch                | 100 ms | 900 ms |
| memory with N idle objects: 10,000 |  90 MB | 400 MB |`,
  );
});
