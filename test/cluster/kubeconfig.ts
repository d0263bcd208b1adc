import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Served = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.string() }) })]),
});

/** The server in a kubeconfig that names just one and is written as JSON, as all of ours are. */
export async function serverOf(kubeconfigPath: string): Promise<string> {
  const { clusters } = Served.parse(JSON.parse(await readFile(kubeconfigPath, 'utf8')));
  return clusters[0].cluster.server;
}

const Own = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.string(), 'certificate-authority': z.string() }) })]),
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
});

/** How to reach an API server of our own, by a kubeconfig of `createCredentials`. */
export interface Access {
  readonly server: string;
  readonly caFile: string;
  readonly token: string;
}

export async function readKubeconfig(path: string): Promise<Access> {
  const { clusters, users } = Own.parse(JSON.parse(await readFile(path, 'utf8')));
  const { server, 'certificate-authority': caFile } = clusters[0].cluster;
  return { server, caFile, token: users[0].user.token };
}
