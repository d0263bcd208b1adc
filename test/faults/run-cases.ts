import type { Log } from '../cluster/log.ts';
import type { Lab } from '../support/proxied/lab.ts';
import type { Case, Outcome } from './case.ts';

export interface Result {
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
}

export interface RunOptions {
  readonly concurrency: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const PROGRESS_MS = 10_000;

/** Runs the cases side by side, in their order, and says how far it is. Interrupted, it ends what it has begun. */
export async function runCases(cases: readonly Case[], lab: Lab, options: RunOptions): Promise<readonly Result[]> {
  const { concurrency, log, signal } = options;
  const left = cases.values();
  const results: Result[] = [];
  const running = new Set<string>();
  const progress = setInterval(() => {
    const fallen = results.filter(({ outcome }) => outcome.kind === 'Fell').length;
    log(`${results.length} of ${cases.length} cases, ${fallen} fell; now ${[...running].slice(0, 3).join(', ')} …`);
  }, PROGRESS_MS);
  const work = async (): Promise<void> => {
    for (const one of left) {
      if (signal.aborted) return;
      running.add(one.name);
      const outcome = await outcomeOf(one, lab);
      running.delete(one.name);
      if (outcome.kind === 'Fell') log(fallen(one, outcome.found));
      results.push({ group: one.group, name: one.name, outcome });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    clearInterval(progress);
  }
  return results;
}

async function outcomeOf(one: Case, lab: Lab): Promise<Outcome> {
  try {
    return await one.run(lab);
  } catch (error) {
    return { kind: 'Fell', found: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

const fallen = ({ name }: Case, found: readonly string[]): string =>
  [
    `FELL: ${name}`,
    ...found.map((line) => `  ${line}`),
    `  Run it alone: npm run test:faults -- --only '${name}'`,
  ].join('\n');
