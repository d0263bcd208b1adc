/** The whole dashboard as one SVG, laid out as Grafana lays it out. */
import { drawSvg, type Size } from '../support/svg.ts';
import type { Answers, NamedSeries, Run } from './answers.ts';
import type { Dashboard, Panel, PanelOf } from './dashboard.ts';
import { BACKGROUND, box, colorOf, FAINT, formatted, rule, text } from './look.ts';
import { drawTimeSeries } from './time-series.ts';

const WIDTH = 1320;
const COLUMNS = 24;
const ROW_HEIGHT = 32;
const GAP = 8;
const HEADER = 52;
const TABLE_LINE = 26;

export function drawDashboard(dashboard: Dashboard, answers: Answers, run: Run): string {
  const rows = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  const size = { width: WIDTH, height: HEADER + rows * ROW_HEIGHT + GAP };
  const parts = dashboard.panels.map((panel) => placed(panel, answers.get(panel.id) ?? [], run));
  const { width, height } = size;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${dashboard.title}">
<rect width="${width}" height="${height}" fill="${BACKGROUND}"/>
${header(dashboard, run)}
${parts.join('\n')}
</svg>
`;
}

function header({ title }: Dashboard, { start, end, scrapeSeconds }: Run): string {
  const time = (date: Date): string => date.toISOString().slice(11, 19);
  const span = `${start.toISOString().slice(0, 10)}  ${time(start)} – ${time(end)} UTC, a sample each ${scrapeSeconds} s`;
  const size = { width: WIDTH, height: HEADER };
  const graphic = [
    text(title, GAP + 4, HEADER / 2, { size: 20, weight: 'bold' }),
    text(span, WIDTH - GAP - 4, HEADER / 2, { fill: FAINT, align: 'right' }),
  ];
  return drawSvg({ graphic }, size);
}

function placed(panel: Panel, series: readonly NamedSeries[], run: Run): string {
  const { x, y, w, h } = panel.gridPos;
  const column = (WIDTH - GAP) / COLUMNS;
  const size = { width: Math.round(w * column) - GAP, height: h * ROW_HEIGHT - GAP };
  const [left, top] = [Math.round(x * column) + GAP, y * ROW_HEIGHT + HEADER];
  return `<g transform="translate(${left} ${top})">${draw(panel, series, run, size)}</g>`;
}

function draw(panel: Panel, series: readonly NamedSeries[], run: Run, size: Size): string {
  switch (panel.type) {
    case 'row':
      return drawSvg({ graphic: [text(panel.title, 4, size.height / 2, { size: 14, weight: 'bold' })] }, size);
    case 'stat':
      return drawStat(panel, series, size);
    case 'table':
      return drawTable(panel, series, size);
    case 'timeseries':
      return drawTimeSeries(panel, series, run, size);
  }
}

function drawStat({ title, fieldConfig }: PanelOf<'stat'>, series: readonly NamedSeries[], size: Size): string {
  const { unit, thresholds } = fieldConfig.defaults;
  const value = lastOf(series[0]);
  const color = thresholds.steps.findLast((step) => step.value === null || value >= step.value)?.color ?? 'green';
  const white = { fill: '#ffffff' };
  const shown = formatted(value, unit);
  const graphic = [
    box(size, colorOf(color)),
    text(title, 12, 20, { size: 13, weight: 'bold', ...white }),
    text(shown, size.width / 2, size.height / 2 + 14, {
      size: Math.min(38, size.width / (0.7 * shown.length)),
      weight: 'bold',
      align: 'center',
      ...white,
    }),
  ];
  return drawSvg({ graphic }, size);
}

function drawTable(panel: PanelOf<'table'>, series: readonly NamedSeries[], size: Size): string {
  const { columns, rows } = tableOf(panel, series);
  const x = (index: number): number => 12 + (index * (size.width - 24)) / columns.length;
  const fitting = Math.floor((size.height - 66) / TABLE_LINE);
  const graphic = [
    box(size),
    text(panel.title, 12, 20, { size: 13, weight: 'bold' }),
    ...columns.map((column, index) => text(column, x(index), 48, { weight: 'bold', fill: FAINT })),
    ...rows.slice(0, fitting).flatMap((row, line) => {
      const y = 62 + TABLE_LINE * line;
      return [rule(y, size.width), ...row.map((cell, index) => text(cell, x(index), y + TABLE_LINE / 2))];
    }),
  ];
  return drawSvg({ graphic }, size);
}

function tableOf({ transformations, fieldConfig, options }: PanelOf<'table'>, series: readonly NamedSeries[]) {
  const { excludeByName = {}, renameByName = {} } = transformations[0]?.options ?? {};
  const fields = Object.keys(renameByName).filter((field) => excludeByName[field] !== true);
  const columns = fields.map((field) => renameByName[field] ?? field);
  const sortedBy = columns.indexOf(options.sortBy[0]?.displayName ?? '');
  const cell = (each: NamedSeries, field: string): string =>
    field === 'Value' ? formatted(lastOf(each), fieldConfig.defaults.unit) : (each.labels[field] ?? '');
  const rows = series.map((each) => fields.map((field) => cell(each, field)));
  return { columns, rows: rows.toSorted((a, b) => (a[sortedBy] ?? '').localeCompare(b[sortedBy] ?? '')) };
}

const lastOf = (series: NamedSeries | undefined): number => series?.points.at(-1)?.[1] ?? Number.NaN;
