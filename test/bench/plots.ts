/** How memory grows with the objects, and the time of a roll with the dependents. */
import { drawSvg } from '../support/svg.ts';
import { METRICS, type Measure, type Metric, medianOf, type Who } from './measure.ts';

const SIZE = { width: 720, height: 400 };

interface Plot {
  readonly file: string;
  readonly metric: Metric;
  readonly title: string;
  readonly x: string;
  /** Both axes of a roll, whose sizes and times span powers of ten. */
  readonly scale: 'value' | 'log';
}

export const PLOTS: readonly Plot[] = [
  {
    file: 'memory.svg',
    metric: 'memory',
    title: 'Resident memory by idle objects',
    x: 'CloudSqlSslResets',
    scale: 'value',
  },
  {
    file: 'roll.svg',
    metric: 'roll',
    title: 'From publishing to the last healthy Deployment',
    x: 'Deployments',
    scale: 'log',
  },
];

export function drawPlot({ metric, title, x, scale }: Plot, measures: readonly Measure[]): string {
  const axis = { type: scale, nameLocation: 'middle' };
  return drawSvg(
    {
      backgroundColor: '#ffffff',
      title: { text: title, left: 'center' },
      legend: { bottom: 0 },
      grid: { left: 70, right: 30, top: 50, bottom: 80 },
      xAxis: { ...axis, name: x, nameGap: 30 },
      yAxis: { ...axis, name: METRICS[metric].unit, nameGap: 45 },
      series: waysOf(metric, measures).map((who) => ({
        type: 'line',
        name: who,
        data: pointsOf(metric, who, measures),
      })),
    },
    SIZE,
  );
}

const waysOf = (metric: Metric, measures: readonly Measure[]): readonly Who[] => [
  ...new Set(measures.filter((one) => one.metric === metric).map(({ who }) => who)),
];

/** Medians, by size. */
export function pointsOf(
  metric: Metric,
  who: Who,
  measures: readonly Measure[],
): readonly (readonly [number, number])[] {
  const own = measures.filter((one) => one.metric === metric && one.who === who);
  const sizes = [...new Set(own.flatMap(({ size }) => size ?? []))].toSorted((a, b) => a - b);
  return sizes.map((size) => [size, medianOf(own, { metric, who, size }) ?? Number.NaN]);
}
