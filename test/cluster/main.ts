#!/usr/bin/env node
import { once } from 'node:events';
import { Command } from 'commander';
import { startControlPlane } from './control-plane.ts';
import { interruption } from './interruption.ts';
import { logToStderr } from './log.ts';
import { runProgram } from './usage-error.ts';

const program = new Command('npx control-plane')
  .description('Runs a Kubernetes control plane with one fake node on this machine until Ctrl-C.')
  .option('--api-server-flag <flag...>', 'a flag for kube-apiserver, such as --api-server-flag=--v=2')
  .option('--build', 'compile the programs instead of downloading them', false)
  .parse();

interface Flags {
  readonly apiServerFlag?: readonly string[];
  readonly build: boolean;
}

const { apiServerFlag: apiServerFlags = [], build } = program.opts<Flags>();

await runProgram(async () => {
  const plane = await startControlPlane({ apiServerFlags, build, log: logToStderr });
  console.log(`kubeconfig: ${plane.kubeconfigPath}
logs:       ${plane.directory}/*.log

export KUBECONFIG=${plane.kubeconfigPath}

Ctrl-C ends it.`);
  await untilInterrupted();
  logToStderr('Stopping …');
  await plane.stop();
  return 0;
});

/** Neither the control plane nor a signal handler keeps a process alive, so a timer does. */
async function untilInterrupted(): Promise<void> {
  const awake = setInterval(() => undefined, 60_000);
  await once(interruption(), 'abort');
  clearInterval(awake);
}
