import type { IncomingHttpHeaders } from 'node:http';
import {
  type ApiConstructor,
  type ApiType,
  createConfiguration,
  HttpMethod,
  type KubeConfig,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  setHeaderMiddleware,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import { KubernetesError } from '../domain/errors.ts';
import { Connection } from './connection.ts';
import { ExecPlugins } from './exec-plugin.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';

/** One request that is over, for metrics. */
export interface RequestReport {
  readonly method: string;
  readonly host: string;
  /** HTTP status; undefined where no answer came. */
  readonly code: number | undefined;
}

export interface ClientOptions {
  /** Deadline of one call, in milliseconds. */
  readonly requestTimeoutMs: number;
  readonly onRequest?: ((report: RequestReport) => void) | undefined;
  /** Asked right before each request that writes is sent: after the credentials, which may take a while. */
  readonly mayWrite?: (() => boolean) | undefined;
}

export interface Client {
  /** The namespace of the pod or of the kubeconfig's context. */
  readonly namespace: string;
  readonly requestTimeoutMs: number;
  /** An API class of client-node whose calls share connections and have a deadline. Its errors: see `call`. */
  api<T extends ApiType>(type: ApiConstructor<T>): T;
  /** GETs a path and query as a stream of its own, without a deadline. @throws whatever `toKubernetesError` understands */
  open(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData>;
  /** Another client of the same API server, with connections of its own. */
  apart(options: ClientOptions): Client;
  /** Breaks all connections. */
  close(): Promise<void>;
}

const USER_AGENT = 'cloudsql-ssl-operator';

/**
 * A client of the API server that `--kubeconfig`, `KUBECONFIG`, the pod or `~/.kube/config` names. Nothing is sent yet.
 * @throws ConfigurationError
 */
export function createClient(options: ClientOptions & KubeconfigOptions): Client {
  const kubeconfig = loadKubeconfig(options);
  const plugins = new ExecPlugins({
    clusterOf: () => kubeconfig.getCurrentCluster(),
    // Before the credentials as a whole are given up, so that it is the plugin that is named.
    timeoutMs: options.requestTimeoutMs * 0.9,
  });
  kubeconfig.addAuthenticator(plugins);
  return clientOf(kubeconfig, plugins, options);
}

function clientOf(kubeconfig: KubeConfig, plugins: ExecPlugins, options: ClientOptions): Client {
  const { requestTimeoutMs, onRequest = () => undefined, mayWrite = () => true } = options;
  const connection = new Connection(kubeconfig, requestTimeoutMs);
  const report = reporting((request) => {
    if (request.code === 401) plugins.refused();
    onRequest(request);
  });
  const send = async (context: RequestContext): Promise<ResponseContext> => {
    const method = context.getHttpMethod();
    if (method !== HttpMethod.GET && !mayWrite()) throw notLeading();
    const url = new URL(context.getUrl());
    const pending = sendOnce(context, url, AbortSignal.timeout(requestTimeoutMs));
    return report(method, url.host, pending, ({ httpStatusCode }) => httpStatusCode);
  };

  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(connection.server, {}),
    authMethods: { default: connection },
    httpApi: wrapHttpLibrary({ send }),
    middleware: [setHeaderMiddleware('User-Agent', USER_AGENT)],
  });

  return {
    namespace: kubeconfig.getContextObject(kubeconfig.getCurrentContext())?.namespace?.trim() || 'default',
    requestTimeoutMs,
    api: (type) => new type(configuration),
    async open(path, signal) {
      const url = new URL(connection.server + path);
      const { headers, watches } = await connection.credentials();
      const pending = request(url, { headers: { ...headers, 'User-Agent': USER_AGENT }, signal, dispatcher: watches });
      return await report('GET', url.host, pending, ({ statusCode }) => statusCode);
    },
    apart: (others) => clientOf(kubeconfig, plugins, others),
    close: () => connection.close(),
  };
}

/** In place of client-node's fetch, which takes as long to load as the rest of undici. */
async function sendOnce(context: RequestContext, url: URL, signal: AbortSignal): Promise<ResponseContext> {
  const json = context.getBody();
  const dispatcher = context.getDispatcher();
  const { statusCode, headers, body } = await request(url, {
    method: context.getHttpMethod(),
    headers: context.getHeaders(),
    ...(typeof json === 'string' && { body: json }),
    ...(dispatcher !== undefined && { dispatcher }),
    signal,
  });
  return new ResponseContext(statusCode, oneValueEach(headers), {
    text: () => body.text(),
    binary: async () => Buffer.from(await body.arrayBuffer()),
    stream: () => null,
  });
}

function oneValueEach(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')]));
}

const notLeading = (): KubernetesError =>
  new KubernetesError({ kind: 'NotLeading', message: 'this process is not the leader: nothing is written' });

type Reporting = <R>(method: string, host: string, pending: Promise<R>, codeOf: (answer: R) => number) => Promise<R>;

const reporting =
  (onRequest: (report: RequestReport) => void): Reporting =>
  async (method, host, pending, codeOf) => {
    try {
      const answer = await pending;
      onRequest({ method, host, code: codeOf(answer) });
      return answer;
    } catch (error) {
      onRequest({ method, host, code: undefined });
      throw error;
    }
  };
