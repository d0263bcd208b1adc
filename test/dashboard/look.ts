/** Colours, texts and units, close to what Grafana makes of them in its light theme. */
import type { Size } from '../support/svg.ts';

const COLORS: Readonly<Record<string, string>> = {
  green: '#56a64b',
  red: '#e02f44',
  blue: '#3274d9',
  orange: '#ff780a',
  purple: '#8f3bb8',
};

export const PALETTE = ['#56a64b', '#f2cc0c', '#3274d9', '#ff780a', '#e02f44', '#8f3bb8', '#8ab8ff', '#96d98d'];
export const TEXT = '#24292e';
export const FAINT = '#6e7781';
export const LINE = '#e4e7eb';
export const BACKGROUND = '#f4f5f7';
export const FONT = 'Inter, Helvetica, Arial, sans-serif';

export function colorOf(name: string): string {
  const color = COLORS[name];
  if (color === undefined) throw new Error(`The picture knows no colour ${name}`);
  return color;
}

export interface TextStyle {
  readonly size?: number;
  readonly weight?: 'bold' | 'normal';
  readonly fill?: string;
  readonly align?: 'left' | 'center' | 'right';
}

/** An element of ECharts' `graphic`; `y` is the middle of the line. */
export const text = (
  content: string,
  x: number,
  y: number,
  { size = 12, weight = 'normal', fill = TEXT, align = 'left' }: TextStyle = {},
): object => ({
  type: 'text',
  silent: true,
  x,
  y,
  style: { text: content, fill, fontSize: size, fontWeight: weight, fontFamily: FONT, align, verticalAlign: 'middle' },
});

export const box = ({ width, height }: Size, fill = '#ffffff'): object => ({
  type: 'rect',
  silent: true,
  z: -10,
  shape: { x: 0.5, y: 0.5, width: width - 1, height: height - 1, r: 3 },
  style: { fill, stroke: fill === '#ffffff' ? LINE : fill },
});

export const rule = (y: number, width: number): object => ({
  type: 'line',
  silent: true,
  shape: { x1: 12, y1: y, x2: width - 12, y2: y },
  style: { stroke: LINE },
});

const SECONDS = [
  [31_557_600, 'years'],
  [86_400, 'days'],
  [3_600, 'hours'],
  [60, 'min'],
  [1, 's'],
  [0.001, 'ms'],
] as const;

/** A value in the unit that the panel names, as Grafana names units. */
export function formatted(value: number, unit: string): string {
  switch (unit) {
    case 'short':
      return short(value);
    case 's':
      return duration(value);
    case 'reqps':
      return `${short(value)} req/s`;
    case 'ops':
      return `${short(value)} ops/s`;
    case 'dateTimeAsIso':
      return new Date(value).toISOString().slice(0, 19).replace('T', ' ');
    default:
      throw new Error(`The picture knows no unit ${unit}`);
  }
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

function duration(seconds: number): string {
  if (seconds === 0) return '0 s';
  const [size, unit] = SECONDS.find(([each]) => Math.abs(seconds) >= each) ?? [0.001, 'ms'];
  return `${short(seconds / size)} ${unit}`;
}
