import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { startControlPlane } from '../cluster/control-plane.ts';
import { interruption } from '../cluster/interruption.ts';
import { logToStderr } from '../cluster/log.ts';
import { runProgram, UsageError } from '../cluster/usage-error.ts';
import { judge } from './gates.ts';
import { type Lab, openLab } from './lab.ts';
import type { Measure } from './measure.ts';
import type { Scenario } from './scenario.ts';
import { bundle } from './scenarios/bundle.ts';
import { failOver } from './scenarios/fail-over.ts';
import { foreign } from './scenarios/foreign.ts';
import { latency } from './scenarios/latency.ts';
import { memory } from './scenarios/memory.ts';
import { patches } from './scenarios/patches.ts';
import { roll } from './scenarios/roll.ts';
import { start } from './scenarios/start.ts';
import { thousandResets } from './scenarios/thousand-resets.ts';
import { wholeReset } from './scenarios/whole-reset.ts';
import { comparisonTable, gateTable } from './table.ts';

/** What leaves much behind in the cluster comes last. */
const SCENARIOS: readonly Scenario[] = [
  bundle,
  start,
  latency,
  wholeReset,
  failOver,
  patches,
  thousandResets,
  roll,
  foreign,
  memory,
];

const RESULTS = fileURLToPath(new URL('../../dist/bench/', import.meta.url));

interface Flags {
  readonly only: readonly string[];
  readonly runs: string;
}

const program = new Command('npm run bench --')
  .description('Measures the built operator against the gates of docs/performance.md, and against other ways to do it.')
  .option('--only <name...>', `just these: ${SCENARIOS.map(({ name }) => name).join(', ')}`, [])
  .option('--runs <n>', 'how often each is measured; the tables show medians', '3')
  .addHelpText('after', `\nResults are kept in ${RESULTS}.`)
  .parse();

await runProgram(() => bench(program.opts<Flags>()));
// Nothing is left to wait for but sockets of processes that were killed.
process.exit();

async function bench({ only, runs }: Flags): Promise<number> {
  const chosen = choose(only);
  const interrupted = interruption();
  const cluster = await startControlPlane({ log: logToStderr });
  const lab = await openLab(cluster, logToStderr);
  const measures: Measure[] = [];
  try {
    for (let run = 1; run <= Number(runs); run += 1) {
      for (const scenario of chosen) {
        if (!interrupted.aborted) measures.push(...(await measure(scenario, lab, `${run}/${runs}`)));
      }
    }
  } finally {
    await lab.close();
    await cluster.stop();
  }
  const verdicts = judge(measures);
  await save(measures, only);
  console.log(`${gateTable(verdicts)}\n\n${comparisonTable(measures)}`);
  return interrupted.aborted || verdicts.some(({ isMet }) => !isMet) ? 1 : 0;
}

function choose(only: readonly string[]): readonly Scenario[] {
  const unknown = only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new UsageError(`Nothing is called ${unknown}: npm run bench -- --help`);
  return only.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => only.includes(name));
}

async function measure({ name, what, measure: act }: Scenario, lab: Lab, run: string): Promise<readonly Measure[]> {
  lab.log(`${run} ${name}: ${what}`);
  const begun = performance.now();
  const measures = await act(lab);
  lab.log(`  ${Math.round((performance.now() - begun) / 1000)} s`);
  return measures;
}

/** For the plots, and to compare one day with another. */
async function save(measures: readonly Measure[], only: readonly string[]): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memoryGb: Math.round(totalmem() / 1e9) };
  const result = { time: new Date().toISOString(), machine, node: process.version, measures };
  const file = `${RESULTS}${['bench', ...only].join('-')}.json`;
  await writeFile(file, `${JSON.stringify(result, undefined, 1)}\n`);
  logToStderr(`Kept in ${file}`);
}
