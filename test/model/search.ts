import fc from 'fast-check';
import { GUARD_STORIES } from './guard-stories.ts';
import { run } from './run.ts';
import { STORIES, type Story } from './story.ts';
import { tell } from './tell.ts';

export interface Quest {
  readonly runs: number;
  readonly seed: number;
  /** The stories of the guards are told before those that are made up. */
  readonly tellsGuards?: boolean;
}

export interface Found {
  readonly broken: string;
  readonly story: Story;
  readonly told: string;
  /** Runs until then. */
  readonly after: number;
}

export interface Report {
  readonly runs: number;
  readonly steps: number;
  /** How many runs came through each class of what may happen. */
  readonly coverage: ReadonlyMap<string, number>;
  readonly found: Found | undefined;
}

const EXAMPLES = GUARD_STORIES.map(({ story }): [Story] => [story]);

/** Tells so many stories, made up from the seed; the first one that breaks a promise is shortened as far as it goes. */
export async function search({ runs, seed, tellsGuards = false }: Quest): Promise<Report> {
  const coverage = new Map<string, number>();
  let steps = 0;
  const property = fc.asyncProperty(STORIES, async (story) => {
    const result = await run(story);
    steps += result.steps;
    for (const what of result.seen) coverage.set(what, (coverage.get(what) ?? 0) + 1);
    if (result.broken !== undefined) throw new Error(result.broken);
  });
  const { failed, numRuns, counterexample } = await fc.check(property, {
    numRuns: runs,
    seed,
    examples: tellsGuards ? EXAMPLES : [],
  });
  const [story] = counterexample ?? [];
  return {
    runs: numRuns,
    steps,
    coverage,
    found: failed && story !== undefined ? await finding(story, numRuns) : undefined,
  };
}

async function finding(story: Story, after: number): Promise<Found> {
  const { broken } = await run(story);
  return { broken: broken ?? 'nothing, when it is told again', story, told: tell(story), after };
}
