import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchProcess } from './bench-process.ts';

/** Flags of Node for a process that is to be asked. */
export const COLLECTING = [
  '--expose-gc',
  `--import=${fileURLToPath(new URL('collect.mjs', import.meta.url))}`,
] as const;

const IDLE_MS = 5_000;
const Said = z.object({ collectedMb: z.number() });

/**
 * Resident memory when all work is done and the garbage is collected, in megabytes: of starts that are alike it differs by less
 * than a hundredth, without that by several.
 */
export async function collectedMb(process: BenchProcess): Promise<number> {
  await process.idle(IDLE_MS);
  const said = process.says('"collectedMb"');
  process.signal('SIGUSR2');
  return Said.parse(JSON.parse(await said)).collectedMb;
}
