import fc from 'fast-check';
import { COUNTEREXAMPLES } from './counterexamples.ts';
import { describe } from './describe.ts';
import { GUARD_SCENARIOS } from './guard-scenarios.ts';
import { ROTATION_EXAMPLES } from './rotation-examples.ts';
import { run } from './run.ts';
import { ROTATION_SCENARIOS, SCENARIOS, type Scenario } from './scenario.ts';
import type { NamedScenario } from './scenario-parts.ts';

export type Stories = 'Resets' | 'Rotations';

export interface SearchOptions {
  readonly stories: Stories;
  readonly runs: number;
  readonly seed: number;
  /** The scenarios that are written by hand are run before those that are made up. */
  readonly startsWithExamples?: boolean;
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

const ARBITRARIES: Readonly<Record<Stories, fc.Arbitrary<Scenario>>> = {
  Resets: SCENARIOS,
  Rotations: ROTATION_SCENARIOS,
};

const asExamples = (all: readonly NamedScenario[]): [Scenario][] => all.map(({ scenario }) => [scenario]);
const EXAMPLES: Readonly<Record<Stories, [Scenario][]>> = {
  Resets: asExamples([...GUARD_SCENARIOS, ...COUNTEREXAMPLES]),
  Rotations: asExamples(ROTATION_EXAMPLES),
};

/** Runs so many scenarios, made up from the seed; the first one that breaks an invariant is shortened as far as it goes. */
export async function search({ stories, runs, seed, startsWithExamples = false }: SearchOptions): Promise<Report> {
  const coverage = new Map<string, number>();
  let steps = 0;
  const property = fc.asyncProperty(ARBITRARIES[stories], async (scenario) => {
    const result = await run(scenario);
    steps += result.steps;
    for (const what of result.seen) coverage.set(what, (coverage.get(what) ?? 0) + 1);
    if (result.broken !== undefined) throw new Error(result.broken);
  });
  const { failed, numRuns, counterexample } = await fc.check(property, {
    numRuns: runs,
    seed,
    examples: startsWithExamples ? EXAMPLES[stories] : [],
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
