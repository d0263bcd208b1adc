import { Command } from 'commander';
import { missing, table } from './coverage.ts';
import { searchMutant, testMutant } from './mutate.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { searchInParallel } from './parallel-search.ts';
import { ROTATION_MUTATIONS } from './rotation-mutations.ts';
import type { SearchOptions, Stories } from './search.ts';
import { UNIT_MUTATIONS, type UnitMutation } from './unit-mutations.ts';

interface Options {
  readonly runs: string;
  readonly rotations: string;
  readonly seed: string;
  readonly workers: string;
  readonly mutations: boolean;
  readonly only: readonly string[];
}

const program = new Command('npm run test:model --')
  .description('Searches for a scenario of crashes, pauses, lost answers and edits that breaks an invariant.')
  .option('--runs <n>', 'how many scenarios of resets are run', '100000')
  .option('--rotations <n>', 'how many scenarios of rotations are run after them', '20000')
  .option('--seed <n>', 'the same one makes up the same scenarios', String(Date.now() % 100_000))
  .option('--workers <n>', 'threads that search at a time', '2')
  .option('--mutations', 'break each guard of the protocol in turn, and see that it is found', false)
  .option('--only <guard...>', 'with --mutations: just these guards', [])
  .parse();

const options = program.opts<Options>();
const seed = Number(options.seed);
const workers = Number(options.workers);
process.exitCode = options.mutations ? await breakGuards() : await searchAll();

async function searchAll(): Promise<number> {
  const failures = [await searchStories('Resets', options.runs), await searchStories('Rotations', options.rotations)];
  return Math.max(...failures);
}

async function searchStories(stories: Stories, asked: string): Promise<number> {
  const started = Date.now();
  const model = new URL('.', import.meta.url);
  const report = await searchInParallel(
    { stories, runs: Number(asked), seed },
    {
      model,
      workers,
      onSlice: ({ runs }) => console.error(`${stories}: ${runs} of ${asked} runs, ${rate(runs, started)} a second`),
    },
  );
  const { runs, steps, coverage, found } = report;
  if (runs === 0) return 0;
  console.log(
    `${stories}: ${runs} runs, seed ${seed}, ${(steps / runs).toFixed(0)} steps each, ${rate(runs, started)} a second`,
  );
  console.log(table(coverage));
  if (found !== undefined) {
    console.log(
      `BROKEN after ${found.after} runs: ${found.broken}\n${found.description}\n${JSON.stringify(found.scenario)}`,
    );
    return 1;
  }
  const blind = missing(stories, coverage, runs);
  if (blind.length > 0) console.log(`The search is blind: too few runs came through ${blind.join(', ')}`);
  return blind.length > 0 ? 1 : 0;
}

/** Each guard that is broken must be missed, unless it is said which other one holds for it. */
async function breakGuards(): Promise<number> {
  const chosen = [...MUTATIONS, ...ROTATION_MUTATIONS].filter(
    ({ guard }) => options.only.length === 0 || options.only.includes(guard),
  );
  let survivors = 0;
  console.log('| guard | broken how | what breaks | in this scenario |\n|---|---|---|---|');
  for (const mutation of chosen) {
    const found = await searchMutant(mutation, runsOf(mutation), workers);
    const { guard, broken, heldBy } = mutation;
    if (found?.broken.includes('ReferenceError') === true) throw new Error(`${guard}: ${broken}: ${found.broken}`);
    if (found === undefined && heldBy === undefined) survivors += 1;
    const rest =
      found === undefined
        ? `${heldBy === undefined ? `SURVIVED ${runsOf(mutation).runs} runs` : `held by another: ${heldBy}`} | — |`
        : `${found.broken} | ${found.description} |`;
    console.log(`| ${guard} | ${broken} | ${rest}`);
    if (found !== undefined) console.error(JSON.stringify({ guard, broken, scenario: found.scenario }));
  }
  const untested = await breakTestedGuards();
  const broken = chosen.length + testedGuards().length;
  console.log(`${broken} guards broken, ${survivors + untested} survived`);
  return survivors + untested === 0 ? 0 : 1;
}

function runsOf({ stories = 'Resets' }: Mutation): SearchOptions {
  return { stories, runs: Number(stories === 'Resets' ? options.runs : options.rotations), seed };
}

function testedGuards(): readonly UnitMutation[] {
  return UNIT_MUTATIONS.filter(({ guard }) => options.only.length === 0 || options.only.includes(guard));
}

/** Answers how many no unit test misses. */
async function breakTestedGuards(): Promise<number> {
  let survivors = 0;
  console.log('\n| guard | broken how | what says so |\n|---|---|---|');
  for (const mutation of testedGuards()) {
    const { guard, broken, tests } = mutation;
    const fallen = await testMutant(mutation);
    if (fallen === undefined) survivors += 1;
    console.log(`| ${guard} | ${broken} | ${fallen === undefined ? `SURVIVED ${tests}` : `${tests}: ${fallen}`} |`);
  }
  return survivors;
}

function rate(runs: number, started: number): string {
  return (runs / ((Date.now() - started) / 1000)).toFixed(0);
}
