import type { Output } from './context.ts';
import type { Layout, Paint, Style } from './tree.ts';

const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  heading: '1',
  good: '32',
  busy: '33',
  bad: '31',
  faint: '2',
};

const inColour: Paint = (text, style) => (CODES[style] === '' ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`);
const asItIs: Paint = (text) => text;

/** In colour on a terminal that has any; `NO_COLOR` and `TERM=dumb` turn them off. Else nothing is wrapped. */
export const layoutFor = (output: Output): Layout => ({
  width: (output.isTTY === true ? output.columns : undefined) ?? Number.POSITIVE_INFINITY,
  paint: output.isTTY === true && output.hasColors?.() === true ? inColour : asItIs,
});
