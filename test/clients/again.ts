/** Whether a client whose process lives on reads its CA again when the file is replaced, as the kubelet does it. */
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Setup } from './row.ts';

/** What such a row is given. */
export const AGAIN = 'the CA from before, and then the new one in its file';
export const READS_IT_AGAIN = / → connected$/;
export const KEEPS_WHAT_IT_READ = / → (?!connected$)/;

interface Change {
  readonly before: string;
  readonly after: string;
}

const OF_PEM: Change = { before: 'old-ca.pem', after: 'server-ca.pem' };

/** A program that connects once, and once more for each line that it reads, by one configuration; and its arguments. */
type Command = readonly [program: string, ...args: string[]];

/** @param command with the path of the file */
export async function again(
  { file, folder }: Setup,
  command: (path: string) => Command,
  { before, after }: Change = OF_PEM,
): Promise<string> {
  const place = await mkdtemp(join(folder, 'again-'));
  const path = join(place, before);
  await copyFile(file(before), path);
  const [program, ...args] = command(path);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length > 1) continue;
    await copyFile(file(after), join(place, 'next'));
    await rename(join(place, 'next'), path);
    child.stdin.end('\n');
  }
  return said.join(' → ');
}
