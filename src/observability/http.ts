import { createServer, type RequestListener, type Server } from 'node:http';

export interface HttpServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface HttpAddress {
  /** Absent: on all interfaces. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Serves `what` without keeping connections.
 * @throws Error with one line that says why, where the address cannot be listened on
 */
export async function serve(what: string, address: HttpAddress, listener: RequestListener): Promise<HttpServer> {
  const server = createServer({ keepAlive: false }, (request, response) => {
    request.resume();
    response.setHeader('connection', 'close');
    listener(request, response);
  });
  await listen(server, what, address);
  return { port: portOf(server), stop: () => stop(server) };
}

/** The path of a request, without its query. */
export const pathOf = ({ url }: { readonly url?: string | undefined }): string => url?.split('?', 1)[0] ?? '';

async function listen(server: Server, what: string, { host, port }: HttpAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  try {
    await promise;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot serve ${what} on ${host ?? ''}:${port}: ${reason}`, { cause });
  }
  server.off('error', reject);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function stop(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
