import { Command } from 'commander';
import { startControlPlane } from '../cluster/control-plane.ts';
import { interruption } from '../cluster/interruption.ts';
import { logToStderr } from '../cluster/log.ts';
import { runProgram, UsageError } from '../cluster/usage-error.ts';
import { judge } from './gates.ts';
import { type Lab, openLab } from './lab.ts';
import type { Measure } from './measure.ts';
import { saveResults } from './results.ts';
import type { Scenario } from './scenario.ts';
import { bundle } from './scenarios/bundle.ts';
import { download } from './scenarios/download.ts';
import { encoding } from './scenarios/encoding.ts';
import { failOver } from './scenarios/fail-over.ts';
import { fleet } from './scenarios/fleet.ts';
import { follow } from './scenarios/follow.ts';
import { foreign } from './scenarios/foreign.ts';
import { latency } from './scenarios/latency.ts';
import { lateness } from './scenarios/lateness.ts';
import { memory } from './scenarios/memory.ts';
import { manyOut, outage } from './scenarios/outage.ts';
import { patches } from './scenarios/patches.ts';
import { permission } from './scenarios/permission.ts';
import { plugin } from './scenarios/plugin.ts';
import { roll } from './scenarios/roll.ts';
import { rotation } from './scenarios/rotation.ts';
import { start } from './scenarios/start.ts';
import { thousandResets } from './scenarios/thousand-resets.ts';
import { wholeReset } from './scenarios/whole-reset.ts';
import { comparisonTable, gateTable } from './table.ts';

/** What leaves much behind in the cluster comes last. */
const SCENARIOS: readonly Scenario[] = [
  bundle,
  encoding,
  download,
  start,
  latency,
  plugin,
  wholeReset,
  rotation,
  outage,
  lateness,
  failOver,
  permission,
  patches,
  thousandResets,
  fleet,
  manyOut,
  roll,
  follow,
  foreign,
  memory,
];

interface Flags {
  readonly only: readonly string[];
  readonly runs: string;
  readonly before?: string;
}

const program = new Command('npm run bench --')
  .description('Measures the built operator against the gates of docs/performance.md, and against other ways to do it.')
  .option('--only <name...>', `just these: ${SCENARIOS.map(({ name }) => name).join(', ')}`, [])
  .option('--runs <n>', 'how often each is measured; the tables show medians', '3')
  .option('--before <dist>', 'the dist folder of an earlier build, to measure beside this one')
  .parse();

await runProgram(() => bench(program.opts<Flags>()));
// Nothing is left to wait for but sockets of processes that were killed.
process.exit();

async function bench({ only, runs, before }: Flags): Promise<number> {
  const chosen = choose(only);
  const interrupted = interruption();
  const cluster = await startControlPlane({ log: logToStderr });
  const lab = await openLab(cluster, logToStderr, before);
  const measures: Measure[] = [];
  const broken: string[] = [];
  try {
    // All runs of one before the next one: of what leaves much behind in the cluster the others know nothing.
    for (const scenario of chosen) {
      for (let run = 1; run <= Number(runs); run += 1) {
        if (interrupted.aborted) break;
        logToStderr(`${run}/${runs} ${scenario.name}: ${scenario.what}`);
        const found = await measure(scenario, lab);
        if (found === undefined) broken.push(scenario.name);
        else measures.push(...found);
        await saveResults(['bench', ...only].join('-'), measures);
      }
    }
  } finally {
    await lab.close();
    await cluster.stop();
  }
  const verdicts = judge(measures);
  console.log(`${gateTable(verdicts)}\n\n${comparisonTable(measures)}`);
  if (broken.length > 0) console.log(`\nNot measured: ${broken.join(', ')}`);
  const isMet = broken.length === 0 && verdicts.every((verdict) => verdict.isMet);
  return isMet && !interrupted.aborted ? 0 : 1;
}

function choose(only: readonly string[]): readonly Scenario[] {
  const unknown = only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new UsageError(`Nothing is called ${unknown}: npm run bench -- --help`);
  return only.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => only.includes(name));
}

/** Undefined where it broke off: the others are worth knowing all the same. */
async function measure({ measure: act }: Scenario, lab: Lab): Promise<readonly Measure[] | undefined> {
  const begun = performance.now();
  try {
    return await act(lab);
  } catch (error) {
    lab.log(`  ${error instanceof Error ? error.stack : String(error)}`);
    return undefined;
  } finally {
    lab.log(`  ${Math.round((performance.now() - begun) / 1000)} s`);
  }
}
