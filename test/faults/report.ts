import type { Result } from './run-cases.ts';

interface Row {
  readonly group: string;
  readonly cases: number;
  readonly survived: number;
}

/** Class of fault, cases, survived; a case that its run did not reach is none. */
export function report(results: readonly Result[]): string {
  const rows: readonly Row[] = [...new Set(results.map(({ group }) => group))].map((group) =>
    rowOf(
      group,
      results.filter((result) => result.group === group),
    ),
  );
  const total: Row = rowOf('all', results);
  const lines = [['class of fault', 'cases', 'survived'], ...[...rows, total].map(cells)];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')).join('\n');
}

function rowOf(group: string, results: readonly Result[]): Row {
  const reached = results.filter(({ outcome }) => outcome.kind !== 'NotReached');
  return {
    group,
    cases: reached.length,
    survived: reached.filter(({ outcome }) => outcome.kind === 'Survived').length,
  };
}

const cells = ({ group, cases, survived }: Row): readonly string[] => [group, String(cases), String(survived)];

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

export const hasFallen = ({ outcome }: Result): boolean => outcome.kind === 'Fell';
