import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';

const run = promisify(execFile);

/** A Git repository on this machine. */
export interface Repository {
  readonly url: string;
  /** Commits these objects, and nothing else any more, to `main`. Answers the commit. */
  commit(...objects: readonly object[]): Promise<string>;
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
  return {
    url: `file://${folder}`,
    async commit(...objects) {
      for (const file of await readdir(folder)) if (file.endsWith('.json')) await rm(join(folder, file));
      for (const [index, object] of objects.entries())
        await writeFile(join(folder, `${index}.json`), JSON.stringify(object, undefined, 2));
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--no-gpg-sign', '--message=Say what is wanted');
      return (await git('rev-parse', 'HEAD')).trim();
    },
  };
}
