import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { DISRUPTIONS, type Disruptions } from '../../cluster/cluster.ts';

/** Where the disruptions of a cluster can be ordered by other processes. */
export interface RemoteControl {
  readonly url: string;
  close(): void;
}

/** Serves `POST /<disruption>` on the loopback interface: the control plane is a child of another process than tests. */
export async function serveDisruptions(disruptions: Disruptions): Promise<RemoteControl> {
  const server = createServer((request, response) => void answer(disruptions, request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The remote control has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(disruptions: Disruptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const wanted = DISRUPTIONS.find((name) => request.method === 'POST' && request.url === `/${name}`);
  try {
    if (wanted !== undefined) await disruptions[wanted]();
    response.writeHead(wanted === undefined ? 404 : 204).end();
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
}

/** The same disruptions, ordered through a remote control. */
export function remoteDisruptions(url: string): Disruptions {
  const order = (name: keyof Disruptions) => async (): Promise<void> => {
    const response = await fetch(`${url}/${name}`, { method: 'POST' });
    if (!response.ok) throw new Error(`${name} failed: ${await response.text()}`);
  };
  return {
    restartApiServer: order('restartApiServer'),
    pauseApiServer: order('pauseApiServer'),
    resumeApiServer: order('resumeApiServer'),
    compactEtcd: order('compactEtcd'),
  };
}
