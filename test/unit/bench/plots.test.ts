import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measure } from '../../bench/measure.ts';
import { drawPlot, leftOf, PLOTS, pointsOf } from '../../bench/plots.ts';

const measures: readonly Measure[] = [
  { metric: 'back', who: 'ours', size: 2, value: 1.5 },
  { metric: 'back', who: 'ours', size: 1, value: 1 },
  { metric: 'back', who: 'ours', size: 1, value: 3 },
  { metric: 'back', who: 'ours', size: 1, value: 1 },
  { metric: 'back', who: 'oracle', size: 1, value: 0.5 },
];

test('the points of a way are the medians of its own measures, by size', () => {
  assert.deepEqual(pointsOf('back', 'ours', measures), [
    [1, 1],
    [2, 1.5],
  ]);
});

test('all are away at the end of the operation, and one fewer each time that one is back', () => {
  assert.deepEqual(leftOf(pointsOf('back', 'ours', measures)), [
    [0, 2],
    [1, 1],
    [1.5, 0],
  ]);
});

test('each plot names both axes and every way that was measured', () => {
  for (const plot of PLOTS) {
    const svg = drawPlot(
      plot,
      measures.map((one) => ({ ...one, metric: plot.metric })),
    );
    for (const text of [plot.x, plot.y, 'ours', 'oracle']) assert.ok(svg.includes(text), `${plot.file}: ${text}`);
  }
});
