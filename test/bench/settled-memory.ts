import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from './bench-process.ts';
import { median } from './measure.ts';

const IDLE_MS = 5_000;
/** V8 gives memory back some seconds after the last work. */
const SETTLE_MS = 15_000;
const SAMPLES = 5;

/** Resident memory when all work is done, in megabytes. */
export async function settledMb(process: BenchProcess): Promise<number> {
  await process.idle(IDLE_MS);
  await delay(SETTLE_MS);
  const samples: number[] = [];
  while (samples.length < SAMPLES) {
    samples.push(await process.memoryMb());
    await delay(1_000);
  }
  return median(samples);
}
