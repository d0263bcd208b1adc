/** Asks what the tests on a real node need, and runs them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { ADDRESS_VARIABLE, IMAGE_VARIABLE } from './given.ts';

const RUN = fileURLToPath(new URL('../integration/run.ts', import.meta.url));

const program = new Command('npm run test:node --')
  .description(
    'Tries the image and the chart on a cluster with real kubelets, such as one of kind. The tests make and delete things ' +
      'in it, kill processes of its nodes, and need the right to everything: give it one that can be thrown away. It must ' +
      'not have the chart installed.',
  )
  .argument('[args...]', 'test files (*.test.ts; all without one) and flags for node --test')
  .requiredOption('--kubeconfig <file>', 'of the cluster')
  .requiredOption('--context <name>', 'the context to use')
  .requiredOption('--image <name:tag>', 'the image of the operator, which every node has already: it is never pulled')
  .option('--address <ip>', 'where pods reach this machine; by default its address in the network of a node')
  .showHelpAfterError()
  .allowUnknownOption()
  .parse();

interface Flags {
  readonly kubeconfig: string;
  readonly context: string;
  readonly image: string;
  readonly address?: string;
}

const { kubeconfig, context, image, address = '' } = program.opts<Flags>();
const flags = ['--suite=test/node', '--test-concurrency=1', `--kubeconfig=${kubeconfig}`, `--context=${context}`];
const env = { ...process.env, [IMAGE_VARIABLE]: image, [ADDRESS_VARIABLE]: address };
const child = spawn(process.execPath, [RUN, ...flags, ...program.args], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const [code]: unknown[] = await once(child, 'exit');
process.exitCode = typeof code === 'number' ? code : 1;
