import {
  type ApiConstructor,
  type ApiType,
  createConfiguration,
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
  setHeaderMiddleware,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { fetch, type Response } from 'undici';
import { KubernetesError } from '../domain/errors.ts';
import { Connection } from './connection.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';

/** One request that is over, for metrics. */
export interface RequestReport {
  readonly method: string;
  readonly host: string;
  /** HTTP status; undefined where no answer came. */
  readonly code: number | undefined;
}

export interface ClientOptions extends KubeconfigOptions {
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
  open(path: string, signal: AbortSignal): Promise<Response>;
  /** Breaks all connections. */
  close(): Promise<void>;
}

const USER_AGENT = 'cloudsql-ssl-operator';

/**
 * A client of the API server that `--kubeconfig`, `KUBECONFIG`, the pod or `~/.kube/config` names. Nothing is sent yet.
 * @throws ConfigurationError
 */
export function createClient(options: ClientOptions): Client {
  const { requestTimeoutMs, onRequest = () => undefined, mayWrite = () => true } = options;
  const kubeconfig = loadKubeconfig(options);
  const connection = new Connection(kubeconfig, requestTimeoutMs);
  const report = reporting(onRequest);
  const http = new IsomorphicFetchHttpLibrary();

  const send = async (request: RequestContext): Promise<ResponseContext> => {
    if (request.getHttpMethod() !== HttpMethod.GET && !mayWrite()) throw notLeading();
    request.setSignal(AbortSignal.timeout(requestTimeoutMs));
    const { host } = new URL(request.getUrl());
    const pending = http.send(request).toPromise();
    return report(request.getHttpMethod(), host, pending, ({ httpStatusCode }) => httpStatusCode);
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
      const pending = fetch(url, { headers: { ...headers, 'User-Agent': USER_AGENT }, signal, dispatcher: watches });
      return await report('GET', url.host, pending, ({ status }) => status);
    },
    close: () => connection.close(),
  };
}

const notLeading = (): KubernetesError =>
  new KubernetesError({ kind: 'NotLeading', message: 'this process does not lead: nothing is written' });

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
