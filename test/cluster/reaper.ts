// The program behind `leftovers.ts`: it lives until its standard input ends, which the kernel sees to however its
// parent goes (also by SIGKILL), then ends the process groups and removes the folders that it was told of.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const groups = new Set<number>();
const folders = new Set<string>();

const orders: Readonly<Record<string, (subject: string) => void>> = {
  'adopt-group': (pid) => groups.add(Number(pid)),
  'release-group': (pid) => groups.delete(Number(pid)),
  'adopt-folder': (path) => folders.add(path),
  'release-folder': (path) => folders.delete(path),
};

for await (const line of createInterface({ input: process.stdin })) {
  const space = line.indexOf(' ');
  orders[line.slice(0, space)]?.(line.slice(space + 1));
}

for (const pid of groups) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already, which is all that was wanted.
  }
}
for (const folder of folders) {
  // A process just killed may still finish a write, hence the retries.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
