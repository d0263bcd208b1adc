/** How memory grows with the objects, and the time of a roll with the dependents; and how clients come back. */
import { drawSvg } from '../support/svg.ts';
import { METRICS, type Measure, type Metric, medianOf, type Who } from './measure.ts';

const SIZE = { width: 720, height: 400 };

interface Plot {
  readonly file: string;
  readonly metric: Metric;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Both axes of a roll, whose sizes and times span powers of ten. */
  readonly scale: 'value' | 'log';
  /** By size; or how many are left after so long, where each size is the place of one among those that are over. */
  readonly kind: 'BySize' | 'Left';
}

export const PLOTS: readonly Plot[] = [
  {
    file: 'outage.svg',
    metric: 'back',
    title: 'Clients that are locked out, from the end of the operation on',
    x: 'seconds',
    y: 'clients away',
    scale: 'value',
    kind: 'Left',
  },
  {
    file: 'memory.svg',
    metric: 'memory',
    title: 'Resident memory by idle objects',
    x: 'CloudSqlSslResets',
    y: METRICS.memory.unit,
    scale: 'value',
    kind: 'BySize',
  },
  {
    file: 'roll.svg',
    metric: 'roll',
    title: 'From publishing to the last healthy Deployment',
    x: 'Deployments',
    y: METRICS.roll.unit,
    scale: 'log',
    kind: 'BySize',
  },
];

export function drawPlot({ metric, title, x, y, scale, kind }: Plot, measures: readonly Measure[]): string {
  const axis = { type: scale, nameLocation: 'middle' };
  return drawSvg(
    {
      backgroundColor: '#ffffff',
      title: { text: title, left: 'center' },
      legend: { bottom: 0 },
      grid: { left: 70, right: 30, top: 50, bottom: 80 },
      xAxis: { ...axis, name: x, nameGap: 30 },
      yAxis: { ...axis, name: y, nameGap: 45 },
      series: waysOf(metric, measures).map((who) => ({
        type: 'line',
        name: who,
        ...(kind === 'BySize'
          ? { data: pointsOf(metric, who, measures) }
          : { step: 'end', showSymbol: false, data: leftOf(pointsOf(metric, who, measures)) }),
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

/** Of points that say when the first, the second and so on was over: after how long how many were left. */
export const leftOf = (points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] => [
  [0, points.length],
  ...points.map(([place, time]): readonly [number, number] => [time, points.length - place]),
];
