import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKubectl } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { startControlPlane } from './control-plane.ts';
import { serverOf } from './kubeconfig.ts';
import { kubectlFor } from './kubectl.ts';
import { removeFolderAfterUs } from './leftovers.ts';
import type { Log } from './log.ts';
import { UsageError } from './usage-error.ts';

/** The flags `--kubeconfig`, `--context` and `--build`, as the user gave them. */
export interface TargetOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly build?: boolean;
}

/** The cluster that the user named, or else a control plane of our own, started now. */
export async function useCluster({ kubeconfig, context, build = false }: TargetOptions, log: Log): Promise<Cluster> {
  if (kubeconfig !== undefined) return givenCluster(kubeconfig, context);
  if (context !== undefined) throw new UsageError('--context says nothing without --kubeconfig FILE');
  return startControlPlane({ log, build });
}

/** The context to use, which is never one that the user did not name: a current context is easily another's. */
export function confirmContext(named: string | undefined, available: readonly string[]): string {
  if (named !== undefined && available.includes(named)) return named;
  const choice = available.length > 0 ? `It has: ${available.join(', ')}.` : 'It has none.';
  const problem =
    named === undefined
      ? 'Tests make and delete things in a cluster, so say which one it is: --context NAME, a context of the kubeconfig.'
      : `The kubeconfig has no context ${named}, which --context names.`;
  throw new UsageError(`${problem} ${choice}`);
}

async function givenCluster(kubeconfig: string, named: string | undefined): Promise<Cluster> {
  await access(kubeconfig).catch((cause: unknown) => {
    throw new UsageError(`There is no kubeconfig ${kubeconfig}`, { cause });
  });
  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-kubeconfig-'));
  const release = removeFolderAfterUs(directory);
  const kubeconfigPath = join(directory, 'kubeconfig');
  const kubectl = kubectlFor(findKubectl(), kubeconfigPath);
  const stop = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    release();
  };
  try {
    await writeFile(kubeconfigPath, await onlyContext(kubeconfig, named), { mode: 0o600 });
    return { kubeconfigPath, serverUrl: await serverOf(kubeconfigPath), kubectl, stop, ...NO_DISRUPTIONS };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A kubeconfig that holds nothing but the confirmed context, so that none who reads it can slip into another. */
async function onlyContext(kubeconfig: string, named: string | undefined): Promise<string> {
  const kubectl = kubectlFor(findKubectl(), kubeconfig);
  const names = await kubectl(['config', 'get-contexts', '--output=name']);
  const context = confirmContext(
    named,
    names.split('\n').filter((name) => name !== ''),
  );
  const only = ['--minify', '--flatten', '--raw', `--context=${context}`];
  return kubectl(['config', 'view', '--output=json', ...only]);
}

const refuse = (): Promise<never> =>
  Promise.reject(new Error('Only a control plane of our own can be disrupted, not one given by --kubeconfig'));

const NO_DISRUPTIONS = {
  restartApiServer: refuse,
  pauseApiServer: refuse,
  resumeApiServer: refuse,
  compactEtcd: refuse,
} as const;
