/**
 * Puts the figures of the bench into the docs: the tables, and the plots.
 * Usage: npm run bench:docs [-- results.json…]; without one those of the last whole run.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { judge } from './gates.ts';
import { drawPlot, PLOTS } from './plots.ts';
import { type Results, readResults, resultsFile } from './results.ts';
import { comparisonTable, gateTable } from './table.ts';

const DOCS = new URL('../../docs/', import.meta.url);
const BEGIN = '<!-- Written by `npm run bench:docs` -->\n';
const END = '<!-- End of the written part -->\n';

const [, , ...given] = process.argv;
const files = given.length === 0 ? [resultsFile('bench')] : given;
const results = await Promise.all(files.map(readResults));
const measures = results.flatMap((one) => one.measures);

const drawn = PLOTS.filter(({ metric }) => measures.some((one) => one.metric === metric));
await mkdir(new URL('performance/', DOCS), { recursive: true });
for (const plot of drawn) await writeFile(new URL(`performance/${plot.file}`, DOCS), drawPlot(plot, measures));
const pictures = drawn.map(({ file, title }) => `![${title}](performance/${file})`);
const parts = [
  gateTable(judge(measures)),
  'And side by side with other ways to do it:',
  comparisonTable(measures),
  circumstances(results),
  ...pictures,
];
const page = new URL('performance.md', DOCS);
const [before = '', rest = ''] = (await readFile(page, 'utf8')).split(BEGIN);
const [, after = ''] = rest.split(END);
await writeFile(page, `${before}${BEGIN}\n${parts.join('\n\n')}\n\n${END}${after}`);

function circumstances(all: readonly Results[]): string {
  const [{ time = '', node = '', machine } = {}] = all;
  const runs = measures.filter(({ metric, who }) => metric === 'start' && who === 'ours').length;
  return `Medians of ${runs} ${runs === 1 ? 'run' : 'runs'} on ${time.slice(0, 10)}, Node ${node}, ${machine?.cpus} processors (${machine?.model}).`;
}
