import { Command } from 'commander';
import { missing, table } from './coverage.ts';
import { searchMutant } from './mutate.ts';
import { MUTATIONS } from './mutations.ts';
import { searchInParallel } from './parallel-search.ts';

interface Options {
  readonly runs: string;
  readonly seed: string;
  readonly workers: string;
  readonly mutations: boolean;
  readonly only: readonly string[];
}

const program = new Command('npm run test:model --')
  .description('Searches for a scenario of crashes, pauses, lost answers and edits that breaks an invariant.')
  .option('--runs <n>', 'how many scenarios are run', '100000')
  .option('--seed <n>', 'the same one makes up the same scenarios', String(Date.now() % 100_000))
  .option('--workers <n>', 'threads that search at a time', '2')
  .option('--mutations', 'break each guard of the protocol in turn, and see that it is found', false)
  .option('--only <guard...>', 'with --mutations: just these guards', [])
  .parse();

const options = program.opts<Options>();
const searchOptions = { runs: Number(options.runs), seed: Number(options.seed) };
const workers = Number(options.workers);
process.exitCode = options.mutations ? await breakGuards() : await searchAll();

async function searchAll(): Promise<number> {
  const started = Date.now();
  const model = new URL('.', import.meta.url);
  const report = await searchInParallel(searchOptions, {
    model,
    workers,
    onSlice: ({ runs }) => console.error(`${runs} of ${searchOptions.runs} runs, ${rate(runs, started)} a second`),
  });
  const { runs, steps, coverage, found } = report;
  console.log(
    `${runs} runs, seed ${searchOptions.seed}, ${(steps / runs).toFixed(0)} steps each, ${rate(runs, started)} a second`,
  );
  console.log(table(coverage));
  if (found !== undefined) {
    console.log(
      `BROKEN after ${found.after} runs: ${found.broken}\n${found.description}\n${JSON.stringify(found.scenario)}`,
    );
    return 1;
  }
  const blind = missing(coverage, runs);
  if (blind.length > 0) console.log(`The search is blind: too few runs came through ${blind.join(', ')}`);
  return blind.length > 0 ? 1 : 0;
}

/** Each guard that is broken must be missed, unless it is said which other one holds for it. */
async function breakGuards(): Promise<number> {
  const chosen = MUTATIONS.filter(({ guard }) => options.only.length === 0 || options.only.includes(guard));
  let survivors = 0;
  console.log('| guard | broken how | runs | what breaks | the shortest scenario |\n|---|---|---|---|---|');
  for (const mutation of chosen) {
    const found = await searchMutant(mutation, searchOptions, workers);
    const { guard, broken, heldBy } = mutation;
    if (found?.broken.includes('ReferenceError') === true) throw new Error(`${guard}: ${broken}: ${found.broken}`);
    if (found === undefined && heldBy === undefined) survivors += 1;
    const rest =
      found === undefined
        ? `${searchOptions.runs} | ${heldBy === undefined ? 'SURVIVED' : `nothing: ${heldBy}`} | |`
        : `${found.after} | ${found.broken} | ${found.description} |`;
    console.log(`| ${guard} | ${broken} | ${rest}`);
    if (found !== undefined) console.error(JSON.stringify({ guard, broken, scenario: found.scenario }));
  }
  console.log(`${chosen.length} guards broken, ${survivors} survived`);
  return survivors === 0 ? 0 : 1;
}

function rate(runs: number, started: number): string {
  return (runs / ((Date.now() - started) / 1000)).toFixed(0);
}
