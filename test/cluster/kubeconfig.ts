import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Kubeconfig = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.string() }) })]),
});

/** The server in a kubeconfig that names just one and is written as JSON, as all of ours are. */
export async function serverOf(kubeconfigPath: string): Promise<string> {
  const { clusters } = Kubeconfig.parse(JSON.parse(await readFile(kubeconfigPath, 'utf8')));
  return clusters[0].cluster.server;
}
