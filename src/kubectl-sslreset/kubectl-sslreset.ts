/** `kubectl sslreset`: kubectl runs what is called `kubectl-sslreset` on the PATH. */
import { version } from '../version.ts';
import { EXIT } from './context.ts';
import { run } from './program.ts';

const interruption = new AbortController();
let signalled: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    signalled = signal;
    interruption.abort();
  });
}
// Who reads no further, such as `head`, has seen enough.
process.stdout.on('error', () => interruption.abort());

// What ends by no way that is known has not done what it was to do.
process.exitCode = EXIT.failed;

async function main(): Promise<void> {
  const { stdout, stderr } = process;
  const world = { stdout, stderr, interrupted: interruption.signal, now: () => new Date() };
  process.exitCode = await run(process.argv.slice(2), world, version);
  // Ends as one that the signal has ended, once the screen is in order.
  if (signalled !== undefined) process.kill(process.pid, signalled);
}

void main();
