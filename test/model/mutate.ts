import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutation, Patch } from './mutations.ts';
import { searchInParallel } from './parallel-search.ts';
import type { Found, SearchOptions } from './search.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'test/model', 'test/support', 'package.json'];

/** Searches a copy of the operator in which one guard is broken. */
export async function searchMutant(
  mutation: Mutation,
  searchOptions: SearchOptions,
  workers: number,
): Promise<Found | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'));
  try {
    for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const patch of mutation.patches) await apply(patch, folder);
    const model = pathToFileURL(join(folder, 'test/model/'));
    return (
      await searchInParallel(
        { ...searchOptions, startsWithGuards: mutation.needsGuardScenario === true },
        { model, workers },
      )
    ).found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function apply({ file, find, replace }: Patch, folder: string): Promise<void> {
  const path = join(folder, file);
  const parts = (await readFile(path, 'utf8')).split(find);
  if (parts.length !== 2)
    throw new Error(`${JSON.stringify(find)} occurs ${parts.length - 1} times in ${file}, not once`);
  await writeFile(path, parts.join(replace));
}
