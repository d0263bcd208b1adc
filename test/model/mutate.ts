import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Mutation, Patch } from './mutations.ts';
import { searchInParallel } from './parallel-search.ts';
import type { Found, SearchOptions } from './search.ts';
import type { UnitMutation } from './unit-mutations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'test', 'crds', 'package.json'];

/** Searches a copy of the operator in which one guard is broken. */
export const searchMutant = (
  mutation: Mutation,
  searchOptions: SearchOptions,
  workers: number,
): Promise<Found | undefined> =>
  withMutant(mutation, async (folder) => {
    const model = pathToFileURL(join(folder, 'test/model/'));
    return (await searchInParallel({ ...searchOptions, startsWithExamples: true }, { model, workers })).found;
  });

/** Longer than the tests of any file take: what hangs has fallen. */
const LONGEST_MS = 120_000;

/** Runs the unit tests of a guard in a copy of the operator in which it is broken. Answers the first that says so. */
export const testMutant = (mutation: UnitMutation): Promise<string | undefined> =>
  withMutant(mutation, async (folder) => {
    const file = join(folder, 'test/unit', mutation.tests);
    const run = promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], {
      cwd: folder,
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    try {
      await run;
      return undefined;
    } catch (error) {
      const printed = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      // A suite fails with its tests, and is named after them.
      return /^ *not ok \d+ - (.*)$/m.exec(printed)?.[1] ?? 'the tests do not come to an end';
    }
  });

async function withMutant<T>({ patches }: Mutation, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'));
  try {
    for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const [file, text] of await patched(patches)) await writeFile(join(folder, file), text);
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files that are changed, as they are then, by their paths. */
export async function patched(patches: readonly Patch[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of patches) {
    const parts = (texts.get(file) ?? (await readFile(join(ROOT, file), 'utf8'))).split(find);
    if (parts.length !== 2)
      throw new Error(`${JSON.stringify(find)} occurs ${parts.length - 1} times in ${file}, not once`);
    texts.set(file, parts.join(replace));
  }
  return texts;
}
