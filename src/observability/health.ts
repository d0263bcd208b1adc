import { createServer, type Server } from 'node:http';

/** What is wrong, in one line; undefined where all is well. */
export type Check = () => string | undefined;

export interface HealthOptions {
  /** Without a host: on all interfaces. Port 0: any free one. */
  readonly address: { readonly host?: string; readonly port: number };
  /** `/healthz`: whether a restart would help. */
  readonly live: readonly Check[];
  /** `/readyz`: whether it can do its work. */
  readonly ready: readonly Check[];
}

export interface HealthServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves `/healthz` and `/readyz`: 200 `ok`, or 503 with one line for each problem. An event loop that is stuck gives no
 * answer at all, which the kubelet takes for a failure.
 * @throws Error with one line that says why, where the address cannot be listened on
 */
export async function startHealthServer({ address, live, ready }: HealthOptions): Promise<HealthServer> {
  const checks = new Map([
    ['/healthz', live],
    ['/readyz', ready],
  ]);
  const server = createServer({ keepAlive: false }, (request, response) => {
    request.resume();
    const path = request.url?.split('?', 1)[0] ?? '';
    const { status, text } = answer(checks.get(path));
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text);
  });
  await listen(server, address);
  return { port: portOf(server), stop: () => stop(server) };
}

function answer(checks: readonly Check[] | undefined): { readonly status: number; readonly text: string } {
  if (checks === undefined) return { status: 404, text: 'not found\n' };
  const problems = checks.map(outcome).filter((problem) => problem !== undefined);
  return problems.length === 0 ? { status: 200, text: 'ok\n' } : { status: 503, text: `${problems.join('\n')}\n` };
}

function outcome(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return `a check failed: ${String(error)}`;
  }
}

async function listen(server: Server, { host, port }: HealthOptions['address']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  try {
    await promise;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot serve health checks on ${host ?? ''}:${port}: ${reason}`, { cause });
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
