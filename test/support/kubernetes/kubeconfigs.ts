import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadYaml } from '@kubernetes/client-node';
import { arrayAt, objectAt, textAt } from '../../../src/lib/json.ts';
import { afterwards } from '../afterwards.ts';

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-test-'));
  afterwards(t, () => rm(folder, { recursive: true }));
  return folder;
}

/** A kubeconfig of the same API server for another user; relative paths in `user` start at its folder. */
export async function kubeconfigAs(t: TestContext, kubeconfigPath: string, user: object): Promise<string> {
  const path = join(await temporaryFolder(t), 'kubeconfig');
  const config = loadYaml<unknown>(await readFile(kubeconfigPath, 'utf8'));
  const changed = {
    ...objectAt({ config }, 'config'),
    users: arrayAt(config, 'users').map((entry) => ({ name: textAt(entry, 'name'), user })),
  };
  await writeFile(path, JSON.stringify(changed));
  return path;
}

/** A kubeconfig that acts as `user` through the rights of the one given. */
export async function kubeconfigImpersonating(t: TestContext, kubeconfigPath: string, user: string): Promise<string> {
  const config = loadYaml<unknown>(await readFile(kubeconfigPath, 'utf8'));
  const current = objectAt(arrayAt(config, 'users')[0], 'user');
  return await kubeconfigAs(t, kubeconfigPath, { ...current, as: user });
}
