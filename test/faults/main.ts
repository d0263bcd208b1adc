import { Command } from 'commander';
import { interruption } from '../cluster/interruption.ts';
import { logToStderr } from '../cluster/log.ts';
import { useCluster } from '../cluster/target.ts';
import { runProgram, UsageError } from '../cluster/usage-error.ts';
import { openLab } from '../support/proxied/lab.ts';
import { isNamed } from './case.ts';
import { allCases } from './cases.ts';
import { hasFallen, report } from './report.ts';
import { RESETS } from './resets.ts';
import { ROTATIONS } from './rotation/rotations.ts';
import { runCases } from './run-cases.ts';
import { referenceRun } from './whole-run.ts';

interface Options {
  readonly only: string[];
  readonly seed: string;
  readonly concurrency: string;
}

const program = new Command('npm run test:faults --')
  .description('Attacks the built operator on a control plane of its own, and prints what it survived.')
  .option('--only <name...>', "just these cases, or these classes: 'kill before 17', 'kill before', rotation", [])
  .option('--seed <n>', 'what happens by chance happens again with the same one', String(Date.now() % 100_000))
  .option('--concurrency <n>', 'cases that run at a time', '8')
  .parse();

await runProgram(() => attack(program.opts<Options>()));
// Nothing is left to wait for but sockets of processes that were killed.
process.exit();

async function attack({ only, seed, concurrency }: Options): Promise<number> {
  const interrupted = interruption();
  const started = Date.now();
  const cluster = await useCluster({}, logToStderr);
  const lab = await openLab(cluster);
  try {
    // One after the other: how many requests a run takes depends on how busy the machine is.
    const reset = await referenceRun(RESETS, lab);
    const rotation = await referenceRun(ROTATIONS, lab);
    const requests = `a reset ${reset.seen.length} requests, a rotation ${rotation.seen.length}`;
    logToStderr(`Without a fault ${requests}; seed ${seed}`);
    const all = allCases({ reset, rotation }, Number(seed));
    const chosen = only.length === 0 ? all : all.filter((one) => only.some((name) => isNamed(name, one)));
    if (chosen.length === 0) throw new UsageError(`No case is called ${only.join(' or ')}`);
    const options = { concurrency: Number(concurrency), log: logToStderr, signal: interrupted };
    const results = await runCases(chosen, lab, options);
    const minutes = ((Date.now() - started) / 60_000).toFixed(1);
    console.log(`${report(results)}\n\nseed ${seed}, ${minutes} minutes`);
    for (const { name } of results.filter(hasFallen)) console.log(`FELL: ${name}`);
    return results.some(hasFallen) || interrupted.aborted ? 1 : 0;
  } finally {
    await lab.close();
    await cluster.stop();
  }
}
