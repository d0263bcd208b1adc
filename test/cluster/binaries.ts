import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildParts } from './build.ts';
import { type PartName, partsKey } from './go-modules.ts';
import type { Log } from './log.ts';

/** Where each part of the control plane is. */
export type Binaries = Readonly<Record<PartName, string>>;

const PARTS: readonly PartName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kwok',
  'kwok-stages.yaml',
];

/**
 * Finds the programs of a control plane in `KUBEBUILDER_ASSETS`, then in the user's cache folder, and builds into that
 * folder what neither has: minutes the first time, nothing after that.
 */
export async function findOrBuildBinaries({ log }: { readonly log: Log }): Promise<Binaries> {
  const cache = cacheFolder(process.env);
  const missing = PARTS.filter((part) => locate(part, searchPath(process.env, cache), exists) === undefined);
  if (missing.length > 0) await buildParts(missing, cache, log);
  return allOf((part) => locate(part, searchPath(process.env, cache), exists) ?? join(cache, part));
}

/** kubectl alone, without building it: who has a cluster of their own has it on the PATH. */
export function findKubectl(): string {
  return locate('kubectl', searchPath(process.env, cacheFolder(process.env)), exists) ?? 'kubectl';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The folders to look in, best first. */
export function searchPath(env: Environment, cache: string): readonly string[] {
  return env.KUBEBUILDER_ASSETS ? [env.KUBEBUILDER_ASSETS, cache] : [cache];
}

/** The user's cache folder for exactly this set of versions. */
export function cacheFolder(env: Environment): string {
  const base = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'cloudsql-ssl-operator', 'control-plane', partsKey());
}

/** The part in the first folder that has it. */
export function locate(part: PartName, folders: readonly string[], has: (path: string) => boolean): string | undefined {
  return folders.map((folder) => join(folder, part)).find(has);
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function allOf(pathOf: (part: PartName) => string): Binaries {
  return {
    etcd: pathOf('etcd'),
    'kube-apiserver': pathOf('kube-apiserver'),
    'kube-controller-manager': pathOf('kube-controller-manager'),
    'kube-scheduler': pathOf('kube-scheduler'),
    kubectl: pathOf('kubectl'),
    kwok: pathOf('kwok'),
    'kwok-stages.yaml': pathOf('kwok-stages.yaml'),
  };
}
