// The program behind `leftovers.ts`: it lives until its standard input ends, which the kernel sees to however its
// parent goes (also by SIGKILL), then ends the process groups and removes the folders that it was told of.
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 10_000;
const POLL_MS = 20;

const groups = new Set<number>();
const quitters = new Set<number>();
const folders = new Set<string>();

const orders: Readonly<Record<string, (subject: string) => void>> = {
  'adopt-group': (pid) => groups.add(Number(pid)),
  'release-group': (pid) => groups.delete(Number(pid)),
  'adopt-quitter': (pid) => quitters.add(Number(pid)),
  'release-quitter': (pid) => quitters.delete(Number(pid)),
  'adopt-folder': (path) => folders.add(path),
  'release-folder': (path) => folders.delete(path),
};

for await (const line of createInterface({ input: process.stdin })) {
  const space = line.indexOf(' ');
  orders[line.slice(0, space)]?.(line.slice(space + 1));
}

/** Whether there was anybody to send it to. */
const send = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, signal);
  } catch {
    // Gone already, which is all that was wanted.
    return false;
  }
};

/** In a container nobody may take notice of the dead, who then stay in the list of processes. */
const isZombie = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

const isThere = (group: number): boolean => send(group, 0) && !isZombie(group);

for (const group of groups) send(group, 'SIGKILL');
for (const group of quitters) send(group, 'SIGQUIT');
// The children of others: there is no event of their end.
const deadline = AbortSignal.timeout(PATIENCE_MS);
while (!deadline.aborted && [...quitters].some(isThere)) await pause(POLL_MS);
for (const group of quitters) send(group, 'SIGKILL');
for (const folder of folders) {
  // A process just killed may still finish a write, hence the retries.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
