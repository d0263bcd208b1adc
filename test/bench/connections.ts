/** Counts the connections to the API server without looking into them. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { Lab } from './lab.ts';

export interface ConnectionCounter {
  /** As the cluster's, but by way of the counter. */
  readonly kubeconfig: string;
  /** How many were opened. */
  readonly count: () => number;
  close(): void;
}

export async function countConnections({ cluster, folder }: Lab): Promise<ConnectionCounter> {
  const { hostname, port } = new URL(cluster.serverUrl);
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    // Either end may break: the other one learns of it.
    pipeline(socket, connect(Number(port), hostname), socket, () => undefined);
  });
  await once(server.listen(0, hostname), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  const kubeconfig = join(folder, `counter-${randomUUID()}.kubeconfig`);
  const own = await readFile(cluster.kubeconfigPath, 'utf8');
  await writeFile(kubeconfig, own.replace(cluster.serverUrl, `https://${hostname}:${address.port}`), { mode: 0o600 });
  return {
    kubeconfig,
    count: () => count,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
