import { once } from 'node:events';
import { Command } from 'commander';
import { startControlPlane } from './control-plane.ts';
import { interruption } from './interruption.ts';
import { logToStderr } from './log.ts';

const program = new Command('npm run cluster --')
  .description('Runs a Kubernetes control plane with one fake node on this machine until Ctrl-C.')
  .option('--api-server-flag <flag...>', 'a flag for kube-apiserver, such as --api-server-flag=--v=2')
  .parse();

const { apiServerFlag: apiServerFlags = [] } = program.opts<{ readonly apiServerFlag?: readonly string[] }>();
const plane = await startControlPlane({ apiServerFlags, log: logToStderr });
console.log(`kubeconfig: ${plane.kubeconfigPath}
logs:       ${plane.directory}/*.log

export KUBECONFIG=${plane.kubeconfigPath}

Ctrl-C ends it.`);

// Neither the control plane nor a signal handler keeps a process alive.
const awake = setInterval(() => undefined, 60_000);
await once(interruption(), 'abort');
clearInterval(awake);
logToStderr('Stopping …');
await plane.stop();
