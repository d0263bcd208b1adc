import type { Bound, Verdict } from './gates.ts';
import { METRICS, type Measure, type Metric, medianOf, type Who } from './measure.ts';

type Row = readonly string[];

/** Each figure of it is a point of a plot, and says nothing by itself. */
const DRAWN: ReadonlySet<Metric> = new Set(['back']);

/** The gates: the floor, ours, their ratio, what is allowed, and whether it is kept. */
export function gateTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ gate, floor, ours, ratio, isMet }): Row => {
    const { unit } = METRICS[gate.ours.metric];
    return [
      gate.name,
      floor === undefined ? '' : quantity(floor, unit),
      quantity(ours, unit),
      ratio === undefined ? '' : ratio.toFixed(2),
      boundOf(gate.bound, unit),
      isMet ? 'met' : 'MISSED',
    ];
  });
  return markdown(['gate', 'floor', 'ours', 'ratio', 'bound', 'verdict'], rows);
}

/** Everything that was measured of more than one way to do it. */
export function comparisonTable(measures: readonly Measure[]): string {
  const others = [...new Set(measures.map(({ who }) => who))].filter((who) => who !== 'ours' && who !== 'floor');
  const columns: readonly Who[] = ['ours', ...others];
  const told = measures.filter(({ metric }) => !DRAWN.has(metric));
  const subjects = new Map(told.map((one) => [`${one.metric} ${one.size}`, one]));
  const rows = [...subjects.values()].flatMap(({ metric, size }): readonly Row[] => {
    const values = columns.map((who) => medianOf(measures, { metric, who, ...(size !== undefined && { size }) }));
    if (values.filter((value) => value !== undefined).length < 2) return [];
    return [[titleOf(metric, size), ...values.map((value) => cell(value, metric))]];
  });
  return markdown(['', ...columns], rows);
}

const titleOf = (metric: Metric, size: number | undefined): string =>
  size === undefined ? METRICS[metric].title : `${METRICS[metric].title}: ${grouped(size)}`;

const cell = (value: number | undefined, metric: Metric): string =>
  value === undefined ? '' : quantity(value, METRICS[metric].unit);

/** Three digits are as many as a shared machine is worth. */
export function quantity(value: number, unit: string): string {
  const rounded = Number.isInteger(value) || Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return `${grouped(rounded)} ${unit}`.trim();
}

const grouped = (value: number): string => value.toLocaleString('en-US');

function boundOf(bound: Bound, unit: string): string {
  switch (bound.kind) {
    case 'AtMost':
      return `≤ ${quantity(bound.value, unit)}`;
    case 'AtLeast':
      return `≥ ${quantity(bound.value, unit)}`;
    case 'Times':
      return `≤ ${bound.factor} × floor`;
    case 'Above':
      return `≤ floor + ${quantity(bound.value, unit)}`;
  }
}

/** Aligned, so that it also reads well on a terminal; the first column is text, the others are figures. */
export function markdown(header: Row, rows: readonly Row[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: Row): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
