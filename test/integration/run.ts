import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { interruption } from '../cluster/interruption.ts';
import { type Log, logToStderr } from '../cluster/log.ts';
import { type TargetOptions, useCluster } from '../cluster/target.ts';
import { runProgram } from '../cluster/usage-error.ts';
import { serveDisruptions } from '../support/kubernetes/remote-control.ts';
import { CONTROL_VARIABLE, KUBECONFIG_VARIABLE } from '../support/kubernetes/shared-cluster.ts';
import { type Plan, plan } from '../support/plan.ts';

/** Many times what a part takes on two busy cores. What hangs is named by node:test when it is ended. */
const LIMIT_MINUTES = 40;

const program = new Command('npm run test:integration --')
  .description('Runs the integration tests on one control plane, started for them, or on a cluster given by flags.')
  .argument('[args...]', 'test files (*.test.ts; all without one) and flags for node --test')
  .option('--kubeconfig <file>', 'use the cluster of this kubeconfig instead')
  .option('--context <name>', 'the context to use; required with --kubeconfig')
  .option('--suite <folders>', 'where the test files are', 'test/integration,test/faults')
  .allowUnknownOption()
  .parse();

const { suite } = program.opts<{ readonly suite: string }>();
const files: string[] = [];
for await (const file of glob(suite.split(',').map((folder) => `${folder}/**/*.test.ts`))) files.push(file);
await runProgram(async () => runOn(program.opts<TargetOptions>(), plan(program.args, files.sort()), logToStderr));

async function runOn(target: TargetOptions, tests: Plan, log: Log): Promise<number> {
  const cluster = await useCluster(target, log);
  const control = await serveDisruptions(cluster);
  const env = { ...process.env, [KUBECONFIG_VARIABLE]: cluster.kubeconfigPath, [CONTROL_VARIABLE]: control.url };
  const interrupted = interruption();
  try {
    return await runAll(tests, target.kubeconfig === undefined, (flags, chosen) =>
      runNode(['--test', ...flags, ...chosen], env, interrupted),
    );
  } finally {
    control.close();
    await cluster.stop();
  }
}

type RunTests = (flags: readonly string[], files: readonly string[]) => Promise<number>;

/** Ends with the first part that fails, so that the last summary on the screen is the one to read. */
async function runAll(tests: Plan, mayDisrupt: boolean, run: RunTests): Promise<number> {
  // They wait more than they compute, so more of them than processors may run at a time.
  const concurrency = Math.max(4, availableParallelism());
  if (tests.regular.length > 0) {
    const code = await run([`--test-concurrency=${concurrency}`, ...tests.flags], tests.regular);
    if (code !== 0) return code;
  }
  if (tests.disruptive.length === 0) return 0;
  if (!mayDisrupt) {
    logToStderr(`Left out, since they disturb a whole cluster: ${tests.disruptive.join(', ')}`);
    return 0;
  }
  return run(['--test-concurrency=1', ...tests.flags], tests.disruptive);
}

async function runNode(args: readonly string[], env: NodeJS.ProcessEnv, interrupted: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, args, { env, stdio: 'inherit' });
  const forward = (): boolean => child.kill('SIGTERM');
  interrupted.addEventListener('abort', forward);
  const limit = setTimeout(() => {
    logToStderr(`Not ended within ${LIMIT_MINUTES} minutes: ended now`);
    forward();
  }, LIMIT_MINUTES * 60_000);
  const [code, signal]: unknown[] = await once(child, 'exit');
  interrupted.removeEventListener('abort', forward);
  clearTimeout(limit);
  return typeof code === 'number' && signal === null ? code : 1;
}
