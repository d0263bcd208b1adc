import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';

const run = promisify(execFile);

/** Objects by the folder that they are in. */
export type Folders = Readonly<Record<string, readonly object[]>>;

/** A Git repository on this machine. */
export interface Repository {
  readonly folder: string;
  readonly url: string;
  /** Commits these objects, with quotes only where YAML has to have them, and nothing else any more, to `main`. Answers the commit. */
  commit(...objects: readonly object[]): Promise<string>;
  commitFolders(folders: Folders): Promise<string>;
  /** Takes the last commit back by another one. Answers that. */
  revert(): Promise<string>;
}

export async function createRepository(t: TestContext): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-git-'));
  const release = removeFolderAfterUs(folder);
  t.after(async () => {
    await rm(folder, { recursive: true });
    release();
  });
  const git = async (...args: readonly string[]): Promise<string> => (await run('git', ['-C', folder, ...args])).stdout;
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', 'A Developer');
  await git('config', 'user.email', 'developer@example.com');
  const head = async (): Promise<string> => (await git('rev-parse', 'HEAD')).trim();
  const commitFolders = async (folders: Folders): Promise<string> => {
    await git('rm', '-r', '--quiet', '--ignore-unmatch', '.');
    for (const [name, objects] of Object.entries(folders)) {
      await mkdir(join(folder, name), { recursive: true });
      for (const [index, object] of objects.entries())
        await writeFile(join(folder, name, `${index}.yaml`), stringify(object));
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--no-gpg-sign', '--message=Say what is wanted');
    return head();
  };
  return {
    folder,
    url: `file://${folder}`,
    commit: (...objects) => commitFolders({ '.': objects }),
    commitFolders,
    async revert() {
      await git('revert', '--no-edit', '--no-gpg-sign', 'HEAD');
      return head();
    },
  };
}
