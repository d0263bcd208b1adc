import { writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, type RequestOptions, request as sendHttp } from 'node:http';
import { request as sendHttps, Agent as TlsAgent } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { serverOf } from '../../cluster/kubeconfig.ts';

export interface OutgoingRequest {
  readonly method: string | undefined;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** A server that a proxy stands before. */
export interface Target {
  send(request: OutgoingRequest): Promise<IncomingMessage>;
  /** Ends all connections: one that a killed client left behind would keep this process alive. */
  close(): void;
}

export function cloudSqlTarget(url: string): Target {
  const agent = new Agent({ keepAlive: true });
  return {
    send: (request) => send(request, (options) => sendHttp(new URL(request.path, url), { ...options, agent })),
    close: () => agent.destroy(),
  };
}

/** With the credentials of the kubeconfig, so that the client of the proxy needs none. */
export async function kubernetesTarget(kubeconfigPath: string): Promise<Target> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const applied: RequestOptions & { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  await config.applyToHTTPSOptions(applied);
  const { ca, cert, key, headers: credentials } = applied;
  const agent = new TlsAgent({ keepAlive: true, ca, cert, key });
  const url = await serverOf(kubeconfigPath);
  return {
    send: (request) =>
      send({ ...request, headers: { ...request.headers, ...authorization(credentials) } }, (options) =>
        sendHttps(new URL(request.path, url), { ...options, agent }),
      ),
    close: () => agent.destroy(),
  };
}

const authorization = (headers: RequestOptions['headers']): NodeJS.Dict<string> => {
  const found = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof found?.[1] === 'string' ? { authorization: found[1] } : {};
};

/** A kubeconfig for plain HTTP to a proxy on this machine. */
export async function writeKubeconfig(path: string, server: string): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    'current-context': 'proxy',
  };
  await writeFile(path, JSON.stringify(config));
}

function send(
  { method, headers, body }: OutgoingRequest,
  open: (options: RequestOptions) => ReturnType<typeof sendHttp>,
): Promise<IncomingMessage> {
  // Without compression an answer can be kept and cut as text.
  const { host: _host, connection: _connection, 'accept-encoding': _encoding, ...rest } = headers;
  return new Promise((resolve, reject) => {
    open({ method, headers: rest }).on('response', resolve).on('error', reject).end(body);
  });
}
