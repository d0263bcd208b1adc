import { drawSvg, type Size } from '../support/svg.ts';
import { type NamedSeries, type Run, stepOf } from './answers.ts';
import type { Fields, PanelOf } from './dashboard.ts';
import { box, colorOf, FAINT, FONT, formatted, LINE, PALETTE, text } from './look.ts';

const MARGIN = { left: 64, right: 16, top: 40 };
/** With the gap, which is the same sideways and downwards. */
const LEGEND_LINE = 28;

export function drawTimeSeries(
  panel: PanelOf<'timeseries'>,
  series: readonly NamedSeries[],
  run: Run,
  size: Size,
): string {
  const { defaults } = panel.fieldConfig;
  const bottom = 24 + LEGEND_LINE * legendLines(series, size);
  const times = timesOf(run, stepOf(panel, run));
  const axis = { axisLabel: { color: FAINT, fontFamily: FONT, fontSize: 11 }, axisTick: { show: false } };
  return drawSvg(
    {
      graphic: [box(size), text(panel.title, 12, 20, { size: 13, weight: 'bold' })],
      grid: { ...MARGIN, bottom },
      legend: {
        bottom: 6,
        left: 12,
        width: size.width - 24,
        itemWidth: 12,
        itemHeight: 4,
        itemGap: 16,
        icon: 'roundRect',
        textStyle: { color: FAINT, fontFamily: FONT, fontSize: 11 },
      },
      xAxis: {
        type: 'time',
        min: run.start.getTime(),
        max: run.end.getTime(),
        axisLine: { lineStyle: { color: LINE } },
        ...axis,
        axisLabel: { ...axis.axisLabel, formatter: '{HH}:{mm}', hideOverlap: true },
        minInterval: 60_000,
      },
      yAxis: {
        type: 'value',
        splitNumber: 4,
        splitLine: { lineStyle: { color: LINE } },
        ...(defaults.min !== undefined && { min: defaults.min }),
        ...(defaults.decimals === 0 && { minInterval: 1 }),
        ...axis,
        axisLabel: { ...axis.axisLabel, formatter: (value: number) => formatted(value, defaults.unit) },
      },
      series: series.map((each, index) => ({
        name: each.name,
        color: overridden(each.name, panel.fieldConfig) ?? PALETTE[index % PALETTE.length],
        data: valuesAt(times, each, defaults.custom.drawStyle === 'bars' ? 0 : null),
        ...styleOf(defaults.custom, (size.width - MARGIN.left - MARGIN.right) / times.length),
      })),
    },
    size,
  );
}

function styleOf(
  { drawStyle, fillOpacity, lineWidth, stacking }: Fields['defaults']['custom'],
  stepPixels: number,
): object {
  const stack = stacking?.mode === 'normal' ? { stack: 'all' } : {};
  const opacity = fillOpacity / 100;
  return drawStyle === 'bars'
    ? { type: 'bar', barWidth: Math.max(1, stepPixels * 0.8), itemStyle: { opacity }, ...stack }
    : { type: 'line', showSymbol: false, lineStyle: { width: lineWidth }, areaStyle: { opacity }, ...stack };
}

function timesOf({ start, end }: Run, stepSeconds: number): readonly number[] {
  const count = Math.floor((end.getTime() - start.getTime()) / 1000 / stepSeconds) + 1;
  return Array.from({ length: count }, (_, index) => start.getTime() + index * stepSeconds * 1000);
}

function valuesAt(times: readonly number[], { points }: NamedSeries, absent: 0 | null) {
  const values = new Map(points.map(([time, value]) => [Math.round(time), value]));
  return times.map((time) => {
    const value = values.get(Math.round(time));
    return [time, value === undefined || Number.isNaN(value) ? absent : value];
  });
}

function overridden(name: string, { overrides }: Fields): string | undefined {
  const match = overrides.find(({ matcher: { id, options } }) =>
    id === 'byName' ? options === name : new RegExp(options.slice(1, -1)).test(name),
  );
  const color = match?.properties[0]?.value.fixedColor;
  return color === undefined ? undefined : colorOf(color);
}

/** Widths of texts are estimated. */
function legendLines(series: readonly NamedSeries[], { width }: Size): number {
  let lines = 1;
  let used = 0;
  for (const { name } of series) {
    const needed = name.length * 6.5 + 38;
    if (used > 0 && used + needed > width - 24) {
      lines += 1;
      used = 0;
    }
    used += needed;
  }
  return lines;
}
