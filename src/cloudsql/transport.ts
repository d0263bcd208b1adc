/** The way to the Admin API: under the quota of the project, with a token, over a connection that fits the call. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { z } from 'zod';
import { CloudSqlError } from '../domain/errors.ts';
import type { Priority } from '../lib/priority.ts';
import type { Slot } from '../reconcile/cloud-sql-port.ts';
import { isThrottled, toBody } from './api-error.ts';
import { Credentials } from './credentials.ts';
import { type ApiCall, type HttpResult, httpCall } from './http-call.ts';
import type { RateOptions, Wait } from './project-bucket.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface TransportOptions {
  /** The root under which `/v1/projects/…` lies. */
  readonly endpoint: string;
  /** Deadline of one call, its body included, and separately of getting a token. */
  readonly requestTimeoutMs: number;
  /** Gets a second, for each project; and as many lists. */
  readonly readQps: number;
  /** Calls that change something, a second, for each project. */
  readonly mutateQps: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly onCall?: (report: CallReport) => void;
  /** Called after each use of the credentials: with what is wrong with them, or undefined if they were accepted. */
  readonly onCredentials?: (problem: string | undefined) => void;
}

/** One call that is over, for metrics and traces. */
export interface CallReport {
  /** As in the API's reference: `instances.resetSslConfig`. */
  readonly method: string;
  /** HTTP status; undefined where no answer came. */
  readonly code: number | undefined;
  /** From its sending to the end of its answer. */
  readonly durationMs: number;
}

/** The API counts each kind of call by itself, https://cloud.google.com/sql/docs/quotas. */
export type Quota = 'Gets' | 'Lists' | 'Writes';

export interface NamedCall {
  readonly method: string;
  readonly send: ApiCall;
}

export const named = (method: string, send: ApiCall): NamedCall => ({ method, send });

export interface Read<T> {
  readonly project: string;
  readonly quota: Exclude<Quota, 'Writes'>;
  readonly call: NamedCall;
  readonly schema: z.ZodType<T>;
}

const WRITE_BURST = 4;
const READ_BURST = 10;
/** A pass that waits holds up those of other projects: rather it comes back. */
const MAX_WAIT_MS = 5_000;
/** Below what load balancers keep an idle connection for, so that a read rarely meets one that is closing. */
const IDLE_CONNECTION_MS = 30_000;

/** One for each quota. */
export const rateLimiters = ({
  readQps,
  mutateQps,
  ...clock
}: RateLimiterOptions): Readonly<Record<Quota, RateLimiter>> => ({
  Gets: new RateLimiter({ perSecond: readQps, burst: READ_BURST, ...clock }),
  Lists: new RateLimiter({ perSecond: readQps, burst: READ_BURST, ...clock }),
  Writes: new RateLimiter({ perSecond: mutateQps, burst: WRITE_BURST, ...clock }),
});

type RateLimiterOptions = Pick<TransportOptions, 'readQps' | 'mutateQps'> & Pick<RateOptions, 'monotonicMs' | 'sleep'>;

export class Transport {
  readonly #options: TransportOptions;
  readonly #credentials: Credentials;
  readonly #limiters: Readonly<Record<Quota, RateLimiter>>;
  readonly #sharedConnections: HttpAgent;
  /** A kept connection may be closing when it is used, and a reset that meets that has an unknown outcome. */
  readonly #freshConnections: HttpAgent;

  constructor(options: TransportOptions) {
    const { endpoint, requestTimeoutMs } = options;
    this.#options = options;
    this.#credentials = new Credentials({ timeoutMs: requestTimeoutMs });
    this.#limiters = rateLimiters(options);
    this.#sharedConnections = newAgent(endpoint, true);
    this.#freshConnections = newAgent(endpoint, false);
  }

  identity(): Promise<string | undefined> {
    return this.#credentials.email();
  }

  /** @throws CloudSqlError */
  async read<T>({ project, quota, call, schema }: Read<T>, priority: Priority): Promise<T> {
    await this.#limiters[quota].take(project, this.#wait(priority));
    const headers = await this.#headers();
    return toBody(await this.#send(project, quota, call, headers), schema);
  }

  tryWrite(project: string): Slot | undefined {
    return this.#limiters.Writes.tryTake(project);
  }

  writePauseMs(project: string): number {
    return this.#limiters.Writes.pauseMs(project);
  }

  /** The slot of a call that may wait without a bound. */
  lowPriorityWrite(project: string): Promise<Slot> {
    return this.#limiters.Writes.take(project, { priority: 'Low', maxWaitMs: Number.POSITIVE_INFINITY });
  }

  /** The slot of a call that is part of what is under way. @throws CloudSqlError `Throttled` */
  highPriorityWrite(project: string): Promise<Slot> {
    return this.#limiters.Writes.take(project, this.#wait('High'));
  }

  /** Has a token ready; the function that it answers sends once, however often it is called. */
  async prepare(project: string, call: NamedCall, slot: Slot): Promise<() => Promise<HttpResult>> {
    const headers = await this.#headers();
    let result: Promise<HttpResult> | undefined;
    return () => {
      slot.spend();
      result ??= this.#send(project, 'Writes', call, headers);
      return result;
    };
  }

  #wait(priority: Priority): Wait {
    return { priority, maxWaitMs: Math.min(MAX_WAIT_MS, this.#options.requestTimeoutMs) };
  }

  async #headers(): Promise<Headers> {
    try {
      return await this.#credentials.headers();
    } catch (error) {
      if (error instanceof CloudSqlError && error.kind === 'Forbidden') this.#options.onCredentials?.(error.message);
      throw error;
    }
  }

  async #send(project: string, quota: Quota, call: NamedCall, headers: Headers): Promise<HttpResult> {
    const { endpoint, requestTimeoutMs: timeoutMs, monotonicMs, onCall, onCredentials } = this.#options;
    const agent = quota === 'Writes' ? this.#freshConnections : this.#sharedConnections;
    const startMs = monotonicMs();
    const result = await httpCall(call.send, { endpoint, headers, agent, timeoutMs });
    if (isThrottled(result)) this.#limiters[quota].throttled(project, result.retryAfterMs);
    const code = result.kind === 'Response' ? result.status : undefined;
    onCall?.({ method: call.method, code, durationMs: monotonicMs() - startMs });
    // A token can be revoked before it expires.
    if (code === 401) this.#credentials.discard();
    if (code !== undefined) onCredentials?.(code === 401 ? 'Cloud SQL does not accept the token (401)' : undefined);
    return result;
  }
}

/** A proxy of the environment is honoured, but not for the plain HTTP of a loopback endpoint. */
const newAgent = (endpoint: string, keepAlive: boolean): HttpAgent =>
  endpoint.startsWith('https:')
    ? new HttpsAgent({ keepAlive, timeout: IDLE_CONNECTION_MS, proxyEnv: process.env })
    : new HttpAgent({ keepAlive, timeout: IDLE_CONNECTION_MS });
