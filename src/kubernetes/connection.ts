import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import {
  type ConnectOptions,
  type DispatcherOptions,
  HttpMethod,
  type KubeConfig,
  RequestContext,
  type SecurityAuthentication,
} from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { KubernetesError } from '../domain/errors.ts';
import { oneLine } from '../lib/one-line.ts';
import { within } from '../lib/within.ts';

/** What every request to the API server carries, and the connections that it may take. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** For calls: few connections, kept and used again. */
  readonly calls: Dispatcher;
  /** For watches, each of which keeps a connection busy. */
  readonly watches: Dispatcher;
}

type Pools = Pick<Credentials, 'calls' | 'watches'>;

const MAX_CALL_CONNECTIONS = 10;
/** Shorter than the API server (90 s) and the usual load balancer (60 s) keep an idle connection. */
const KEEP_ALIVE_MS = 30_000;

/**
 * The way to the API server. client-node would make a new connection pool for each call; here calls share one until the
 * TLS material changes, as it does with certificates from files or an exec plugin.
 */
export class Connection implements SecurityAuthentication {
  readonly #config: KubeConfig;
  readonly #timeoutMs: number;
  #current: { readonly options: DispatcherOptions; readonly pools: Promise<Pools> } | undefined;

  /** @param timeoutMs bounds how long credentials may take, in milliseconds */
  constructor(config: KubeConfig, timeoutMs: number) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  getName(): string {
    return this.#config.getName();
  }

  /** For client-node's API classes: headers and dispatcher of one call. */
  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const { headers, calls } = await this.credentials();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setDispatcher(calls);
  }

  /** Reads token files and runs exec plugins where it is time to. @throws KubernetesError `Unavailable` */
  async credentials(): Promise<Credentials> {
    const options: RequestOptions = {};
    try {
      await within(this.#timeoutMs, this.#config.applyToHTTPSOptions(options));
    } catch (error) {
      throw unavailable(error);
    }
    const { calls, watches } = await this.#poolsFor(options);
    return { headers: headersOf(options), calls, watches };
  }

  /** Breaks all connections. */
  async close(): Promise<void> {
    const pools = await this.#current?.pools;
    this.#current = undefined;
    await Promise.all([pools?.calls.destroy(), pools?.watches.destroy()]);
  }

  #poolsFor(request: RequestOptions): Promise<Pools> {
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = request;
    const tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
    const options = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), tls);
    const before = this.#current;
    if (before !== undefined && isDeepStrictEqual(before.options, options)) return before.pools;
    // Set before anything is awaited: calls that begin side by side must find the same pools.
    const pools = this.#open(options);
    this.#current = { options, pools };
    pools.catch(() => {
      if (this.#current?.pools === pools) this.#current = undefined;
    });
    before?.pools.then(retire).catch(() => undefined);
    return pools;
  }

  async #open(options: DispatcherOptions): Promise<Pools> {
    const calls = this.#dispatcher(options, MAX_CALL_CONNECTIONS);
    const watches = this.#dispatcher(options, null);
    return { calls: await calls, watches: await watches };
  }

  async #dispatcher(options: DispatcherOptions, connections: number | null): Promise<Dispatcher> {
    // HTTP/1.1, so that a call that ran into its deadline takes its connection with it, and not those of others.
    const shared = { connections, allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS };
    switch (options.type) {
      case 'none':
        return new Agent(shared);
      case 'agent':
        return new Agent({ ...shared, connect: withoutPort(options.connect) });
      case 'proxy':
        return new ProxyAgent({
          ...shared,
          uri: options.uri,
          requestTls: withoutPort(options.requestTls),
          connect: withoutPort(options.connect),
        });
      case 'socks':
        return await this.#throughSocks();
    }
  }

  /** client-node keeps its SOCKS connector to itself. */
  async #throughSocks(): Promise<Dispatcher> {
    const context = new RequestContext(this.server, HttpMethod.GET);
    await this.#config.applySecurityAuthentication(context);
    return context.getDispatcher() ?? new Agent();
  }
}

/** Requests in flight are finished on the old connections. */
async function retire({ calls, watches }: Pools): Promise<void> {
  await Promise.all([calls.close(), watches.close()]);
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) found[name] = String(value);
  if (auth) found.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  return found;
}

/** As undici's types want it: what client-node never sets is left out. */
function withoutPort({
  port: _port,
  timeout: _timeout,
  ...rest
}: ConnectOptions): Omit<ConnectOptions, 'port' | 'timeout'> {
  return rest;
}

function unavailable(error: unknown): KubernetesError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = oneLine(`no credentials for the API server: ${reason}`, 512);
  return new KubernetesError({ kind: 'Unavailable', message, cause: error });
}
