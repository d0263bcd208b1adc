import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Report, SearchOptions } from './search.ts';

/** So many runs have one seed, so that a search finds the same with any number of workers. */
const SLICE = 1_000;

interface ParallelOptions {
  /** The folder of the model that is run. */
  readonly model: URL;
  readonly workers: number;
  readonly onSlice?: (sofar: Report) => void;
}

/** Several threads search, slice by slice, until one finds something. */
export async function searchInParallel(
  { runs, seed, ...others }: SearchOptions,
  { model, workers, onSlice }: ParallelOptions,
): Promise<Report> {
  let total: Report = { runs: 0, steps: 0, coverage: new Map(), found: undefined };
  let next = 0;
  await Promise.all(Array.from({ length: workers }, work));
  return total;

  async function work(): Promise<void> {
    while (next * SLICE < runs && total.found === undefined) {
      const slice = next;
      next += 1;
      const searchOptions = { ...others, runs: Math.min(SLICE, runs - slice * SLICE), seed: seed + slice };
      const report = await searchInWorker(searchOptions, model);
      total = added(total, report);
      onSlice?.(total);
    }
  }
}

async function searchInWorker(searchOptions: SearchOptions, model: URL): Promise<Report> {
  const worker = new Worker(new URL('worker.ts', model), { workerData: searchOptions });
  const [report]: Report[] = await once(worker, 'message');
  if (report === undefined) throw new Error('A worker reported nothing');
  return report;
}

function added(sofar: Report, { runs, steps, coverage, found }: Report): Report {
  const both = new Map(sofar.coverage);
  for (const [what, count] of coverage) both.set(what, (both.get(what) ?? 0) + count);
  return {
    runs: sofar.runs + runs,
    steps: sofar.steps + steps,
    coverage: both,
    found: sofar.found ?? (found && { ...found, after: sofar.runs + found.after }),
  };
}
