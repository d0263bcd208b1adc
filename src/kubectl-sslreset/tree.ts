/** Lays a tree out as lines: columns below each other, long texts in as many lines as the width asks for. */
import { oneLine } from '../lib/one-line.ts';

export type Style = 'plain' | 'heading' | 'good' | 'busy' | 'bad' | 'faint';

export interface Cell {
  readonly text: string;
  readonly style: Style;
}

export interface Node {
  /** Aligned with those of its siblings. */
  readonly cells: readonly Cell[];
  /** After the cells; wrapped where the width is not enough. */
  readonly text?: string;
  readonly children?: readonly Node[];
}

export type Paint = (text: string, style: Style) => string;

export interface Layout {
  /** Columns of the terminal; Infinity where there is none. */
  readonly width: number;
  readonly paint: Paint;
}

/** Longer than any message of the operator. */
const MAX_TEXT = 4096;
/** A text that has less room begins on a line of its own. */
const MIN_ROOM = 30;
const GAP = '  ';

/** Foreign text cannot move the cursor or change colours. */
const cell = (text: string, style: Style): Cell => ({ text: oneLine(text, MAX_TEXT), style });

export const plain = (text: string): Cell => cell(text, 'plain');
export const styled = (text: string, style: Style): Cell => cell(text, style);

export function linesOf(roots: readonly Node[], layout: Layout): readonly string[] {
  return roots.flatMap((root) => [
    ...rowsOf(root, [], { first: '', rest: (root.children ?? []).length > 0 ? '│ ' : '  ' }, layout),
    ...branchesOf(root.children ?? [], '', layout),
  ]);
}

function branchesOf(nodes: readonly Node[], guide: string, layout: Layout): readonly string[] {
  const widths = columnWidths(nodes);
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    const below = `${guide}${isLast ? '   ' : '│  '}`;
    const children = node.children ?? [];
    const rest = `${below}${children.length > 0 ? '│ ' : '  '}`;
    const rows = rowsOf(node, widths, { first: `${guide}${isLast ? '└─ ' : '├─ '}`, rest }, layout);
    return [...rows, ...branchesOf(children, below, layout)];
  });
}

/** Of those that have a cell behind: the last one pushes nothing aside. */
function columnWidths(nodes: readonly Node[]): readonly number[] {
  const widths: number[] = [];
  for (const { cells, text } of nodes) {
    const aligned = text === undefined ? cells.slice(0, -1) : cells;
    for (const [index, { text: content }] of aligned.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, content.length);
    }
  }
  return widths;
}

interface Guides {
  readonly first: string;
  readonly rest: string;
}

function rowsOf(node: Node, widths: readonly number[], { first, rest }: Guides, layout: Layout): readonly string[] {
  const { width, paint } = layout;
  const { cells, text } = fitting(node, widths, width - first.length);
  const padded = cells.map(({ text: content }, index) => content.padEnd(widths[index] ?? 0));
  const head = first + cells.map(({ style }, index) => paint(padded[index] ?? '', style)).join(GAP);
  if (text === '') return [head.trimEnd()];
  const begin = first.length + padded.join(GAP).length + GAP.length;
  if (begin + text.length <= width) return [`${head}${GAP}${text}`];
  const room = width - begin;
  if (room < MIN_ROOM) return [head.trimEnd(), ...wrap(text, width - rest.length).map((line) => rest + line)];
  const [beside = '', ...lines] = wrap(text, room);
  return [`${head}${GAP}${beside}`, ...lines.map((line) => rest.padEnd(begin) + line)];
}

/** What is too much for one line is said in the text. */
function fitting(
  { cells, text = '' }: Node,
  widths: readonly number[],
  room: number,
): Required<Omit<Node, 'children'>> {
  const lengths = cells.map((one, index) => Math.max(one.text.length, widths[index] ?? 0));
  let count = cells.length;
  const isTooLong = (): boolean =>
    lengths.slice(0, count).reduce((sum, length) => sum + length, 0) + GAP.length * (count - 1) > room;
  while (count > 1 && isTooLong()) count -= 1;
  const moved = cells.slice(count).map((one) => one.text);
  return { cells: cells.slice(0, count), text: oneLine([...moved, text].join(' '), MAX_TEXT) };
}

/** At spaces; a word that is longer than a line is cut. */
function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(width, 10);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => pieces(each, room))) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const pieces = (word: string, length: number): readonly string[] =>
  word.length <= length ? [word] : [word.slice(0, length), ...pieces(word.slice(length), length)];
