import fc from 'fast-check';
import { describe } from './describe.ts';
import { GUARD_SCENARIOS } from './guard-scenarios.ts';
import { run } from './run.ts';
import { SCENARIOS, type Scenario } from './scenario.ts';

export interface SearchOptions {
  readonly runs: number;
  readonly seed: number;
  /** The scenarios of the guards are run before those that are made up. */
  readonly startsWithGuards?: boolean;
}

export interface Found {
  readonly broken: string;
  readonly scenario: Scenario;
  readonly description: string;
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

const EXAMPLES = GUARD_SCENARIOS.map(({ scenario }): [Scenario] => [scenario]);

/** Runs so many scenarios, made up from the seed; the first one that breaks an invariant is shortened as far as it goes. */
export async function search({ runs, seed, startsWithGuards = false }: SearchOptions): Promise<Report> {
  const coverage = new Map<string, number>();
  let steps = 0;
  const property = fc.asyncProperty(SCENARIOS, async (scenario) => {
    const result = await run(scenario);
    steps += result.steps;
    for (const what of result.seen) coverage.set(what, (coverage.get(what) ?? 0) + 1);
    if (result.broken !== undefined) throw new Error(result.broken);
  });
  const { failed, numRuns, counterexample } = await fc.check(property, {
    numRuns: runs,
    seed,
    examples: startsWithGuards ? EXAMPLES : [],
  });
  const [scenario] = counterexample ?? [];
  return {
    runs: numRuns,
    steps,
    coverage,
    found: failed && scenario !== undefined ? await finding(scenario, numRuns) : undefined,
  };
}

async function finding(scenario: Scenario, after: number): Promise<Found> {
  const { broken } = await run(scenario);
  return { broken: broken ?? 'nothing, when it is run again', scenario, description: describe(scenario), after };
}
