import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, type RequestOptions, request as send } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { textAt } from '../../../src/lib/json.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { afterwards } from '../afterwards.ts';
import { PATIENCE_MS } from '../patience.ts';
import { temporaryFolder } from './kubeconfigs.ts';

/** Answers a request in the API server's stead, or lets it pass by answering false. */
type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Answered {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly status: number;
}

/** Stands between a client and the API server, to count and to disturb. */
export interface ApiProxy {
  readonly kubeconfigPath: string;
  /** How many connections clients have opened. */
  readonly connections: () => number;
  /** `METHOD /path?query` of each request, in order. */
  readonly requests: readonly string[];
  /** What the API server has answered, in order. */
  readonly answers: readonly Answered[];
  /** Waits for the answer with which they are as `predicate` wants them. */
  until(predicate: (answers: readonly Answered[]) => boolean): Promise<void>;
  intercept(intercept: Intercept | undefined): void;
  /** Cuts all connections of clients. */
  cut(): void;
}

export const isWatch = ({ url = '' }: IncomingMessage): boolean => url.includes('watch=true');

export async function apiProxy(t: TestContext, { kubeconfigPath, serverUrl }: Cluster): Promise<ApiProxy> {
  const options = await credentials(kubeconfigPath);
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const answers: Answered[] = [];
  const news = new EventEmitter();
  let intercept: Intercept | undefined;
  let connections = 0;

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (intercept?.(request, response)) return;
    const { method = '', url = '/' } = request;
    forward(new URL(url, serverUrl), options, request, response, (status) => {
      answers.push({ method, url, status });
      news.emit('answer');
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  afterwards(t, () => {
    cut();
    server.close();
  });

  return {
    kubeconfigPath: await kubeconfigOf(t, portOf(server.address())),
    connections: () => connections,
    requests,
    answers,
    until: async (predicate) => {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      while (!predicate(answers)) await once(news, 'answer', { signal });
    },
    intercept: (next) => {
      intercept = next;
    },
    cut,
  };
}

async function credentials(kubeconfigPath: string): Promise<RequestOptions> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, headers } = options;
  return { agent: new Agent({ ca, cert, key, keepAlive: true }), headers };
}

function forward(
  url: URL,
  options: RequestOptions,
  request: IncomingMessage,
  response: ServerResponse,
  onAnswer: (status: number) => void,
): void {
  const { host: _host, ...own } = request.headers;
  const authorization = textAt(options.headers, 'Authorization');
  const headers = { ...own, ...(authorization !== '' && { authorization }) };
  const upstream = send(url, { ...options, method: request.method, headers }, (answer) => {
    const { statusCode = 502 } = answer;
    onAnswer(statusCode);
    response.writeHead(statusCode, answer.headers);
    // A watch that says nothing yet is accepted all the same.
    response.flushHeaders();
    answer.pipe(response);
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}

async function kubeconfigOf(t: TestContext, port: number): Promise<string> {
  const path = join(await temporaryFolder(t), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    'current-context': 'proxy',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
