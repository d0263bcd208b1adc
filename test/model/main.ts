import { Command } from 'commander';
import { missing, table } from './coverage.ts';
import { searchTogether } from './crew.ts';
import { searchMutant } from './mutate.ts';
import { MUTATIONS } from './mutations.ts';

interface Options {
  readonly runs: string;
  readonly seed: string;
  readonly workers: string;
  readonly mutations: boolean;
  readonly only: readonly string[];
}

const program = new Command('npm run test:model --')
  .description('Searches for a story of crashes, pauses, lost answers and edits that breaks a promise.')
  .option('--runs <n>', 'how many stories are told', '100000')
  .option('--seed <n>', 'the same one makes up the same stories', String(Date.now() % 100_000))
  .option('--workers <n>', 'threads that search at a time', '2')
  .option('--mutations', 'break each guard of the protocol in turn, and see that it is found', false)
  .option('--only <guard...>', 'with --mutations: just these guards', [])
  .parse();

const options = program.opts<Options>();
const quest = { runs: Number(options.runs), seed: Number(options.seed) };
const workers = Number(options.workers);
process.exitCode = options.mutations ? await breakGuards() : await searchAll();

async function searchAll(): Promise<number> {
  const started = Date.now();
  const model = new URL('.', import.meta.url);
  const report = await searchTogether(quest, {
    model,
    workers,
    onSlice: ({ runs }) => console.error(`${runs} of ${quest.runs} runs, ${rate(runs, started)} a second`),
  });
  const { runs, steps, coverage, found } = report;
  console.log(
    `${runs} runs, seed ${quest.seed}, ${(steps / runs).toFixed(0)} steps each, ${rate(runs, started)} a second`,
  );
  console.log(table(coverage));
  if (found !== undefined) {
    console.log(`BROKEN after ${found.after} runs: ${found.broken}\n${found.told}\n${JSON.stringify(found.story)}`);
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
  console.log('| guard | broken how | runs | what breaks | the shortest story |\n|---|---|---|---|---|');
  for (const mutation of chosen) {
    const found = await searchMutant(mutation, quest, workers);
    const { guard, broken, heldBy } = mutation;
    if (found?.broken.includes('ReferenceError') === true) throw new Error(`${guard}: ${broken}: ${found.broken}`);
    if (found === undefined && heldBy === undefined) survivors += 1;
    const rest =
      found === undefined
        ? `${quest.runs} | ${heldBy === undefined ? 'SURVIVED' : `nothing: ${heldBy}`} | |`
        : `${found.after} | ${found.broken} | ${found.told} |`;
    console.log(`| ${guard} | ${broken} | ${rest}`);
    if (found !== undefined) console.error(JSON.stringify({ guard, broken, story: found.story }));
  }
  console.log(`${chosen.length} guards broken, ${survivors} survived`);
  return survivors === 0 ? 0 : 1;
}

function rate(runs: number, started: number): string {
  return (runs / ((Date.now() - started) / 1000)).toFixed(0);
}
