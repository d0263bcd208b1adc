import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubernetesObjectApi } from '@kubernetes/client-node';
import { type Client, createClient } from '../../../src/kubernetes/client.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { installCrd } from '../kubernetes/crd.ts';
import { copyProgram } from '../operator/program.ts';
import { kubernetesTarget, type Target } from './target.ts';

/** What all cases share. */
export interface Lab {
  readonly cluster: Cluster;
  /** Straight to the API server. */
  readonly client: Client;
  readonly objects: KubernetesObjectApi;
  readonly target: Target;
  readonly folder: string;
  /** Where logs of what fell are kept, also when all is over. */
  readonly logs: string;
  /** A copy, in the folder: a build meanwhile does not change what is attacked. */
  readonly program: string;
  close(): Promise<void>;
}

export async function openLab(cluster: Cluster): Promise<Lab> {
  await installCrd(cluster);
  const folder = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-faults-'));
  await copyProgram(folder);
  const client = createClient({ kubeconfig: cluster.kubeconfigPath, requestTimeoutMs: 30_000 });
  const target = await kubernetesTarget(cluster.kubeconfigPath);
  return {
    cluster,
    client,
    objects: client.api(KubernetesObjectApi),
    target,
    folder,
    logs: join(tmpdir(), 'cloudsql-ssl-faults-logs'),
    program: join(folder, 'cloudsql-ssl-operator.js'),
    async close() {
      target.close();
      await client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
