/** The figures of one call of the bench, as a file. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { METRICS, type Measure, type Metric, WHO } from './measure.ts';

const FOLDER = fileURLToPath(new URL('../../dist/bench/', import.meta.url));

const isMetric = (text: string): text is Metric => text in METRICS;

const Results = z.object({
  time: z.string(),
  machine: z.object({ cpus: z.number(), model: z.string(), memoryGb: z.number() }),
  node: z.string(),
  measures: z.array(
    z.object({
      metric: z.string().refine(isMetric),
      who: z.enum(WHO),
      size: z.number().exactOptional(),
      value: z.number(),
    }),
  ),
});

export type Results = z.output<typeof Results>;

/** Answers where they are kept. */
export async function saveResults(name: string, measures: readonly Measure[]): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const results: Results = {
    time: new Date().toISOString(),
    machine: { cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryGb: Math.round(totalmem() / 1e9) },
    node: process.version,
    measures: [...measures],
  };
  const file = `${FOLDER}${name}.json`;
  await writeFile(file, `${JSON.stringify(results, undefined, 1)}\n`);
  return file;
}

export const resultsFile = (name: string): string => `${FOLDER}${name}.json`;

export async function readResults(file: string): Promise<Results> {
  return Results.parse(JSON.parse(await readFile(file, 'utf8')));
}
