import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/index.js';
import type { z } from 'zod';
import type { Answer, IssueAnswer } from '../domain/answer.ts';
import { CloudSqlError } from '../domain/errors.ts';
import { type ClientCertificate, caOwner, type Instance, type ServerCas } from '../domain/instance.ts';
import type { InstanceRef, Operation, Spec } from '../domain/ssl-reset.ts';
import type { CloudSql } from '../reconcile/ports.ts';
import { isThrottled, toAnswer, toBody, toIssueAnswer } from './api-error.ts';
import { Credentials } from './credentials.ts';
import { type ApiCall, type Exchange, exchange } from './exchange.ts';
import { Pace } from './pace.ts';
import { activeFirst } from './server-cas.ts';
import * as wire from './wire.ts';

export interface AdminApiOptions {
  /** The root under which `/v1/projects/…` lies. */
  readonly endpoint: string;
  /** Deadline of one call, its body included, and separately of getting a token. */
  readonly requestTimeoutMs: number;
  /** Reads a second, for each project. */
  readonly readQps: number;
  /** Calls that change something, a second, for each project. */
  readonly mutateQps: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly onCall?: (report: CallReport) => void;
  /** Told after each use of the credentials: what is wrong with them, or undefined where they were taken. */
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

/** 120 a minute and these stay below three quarters of the quota of 180, where throttling was seen. */
const MUTATE_BURST = 4;
const READ_BURST = 10;
const PAGE_SIZE = 100;
/** Below what load balancers keep an idle connection for, so that a read rarely meets one that is closing. */
const IDLE_CONNECTION_MS = 30_000;

const MODES = { All: 'ALL', SyncFromPrimary: 'SYNC_FROM_PRIMARY' } as const satisfies Record<Spec['mode'], string>;

/** The Cloud SQL Admin API v1, https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1. */
export class AdminApi implements CloudSql {
  readonly #options: AdminApiOptions;
  readonly #api = new sqladmin_v1.Sqladmin({});
  readonly #credentials: Credentials;
  readonly #reads: Pace;
  readonly #mutations: Pace;
  readonly #sharedConnections: HttpAgent;
  /** A kept connection may be closing when it is used, and a reset that meets that has an unknown outcome. */
  readonly #freshConnections: HttpAgent;

  constructor(options: AdminApiOptions) {
    const { endpoint, requestTimeoutMs, readQps, mutateQps, monotonicMs } = options;
    const maxWaitMs = requestTimeoutMs;
    this.#options = options;
    this.#credentials = new Credentials({ timeoutMs: requestTimeoutMs });
    this.#reads = new Pace({ perSecond: readQps, burst: READ_BURST, maxWaitMs, monotonicMs });
    this.#mutations = new Pace({ perSecond: mutateQps, burst: MUTATE_BURST, maxWaitMs, monotonicMs });
    this.#sharedConnections = newAgent(endpoint, true);
    this.#freshConnections = newAgent(endpoint, false);
  }

  identity(): Promise<string | undefined> {
    return this.#credentials.email();
  }

  async instance(ref: InstanceRef): Promise<Instance> {
    return (await this.#instance(ref)).instance;
  }

  async serverCas(ref: InstanceRef): Promise<ServerCas> {
    const list = await this.#listServerCas(ref);
    if (list.serverCas.length > 0) return activeFirst(list, async () => (await this.#instance(ref)).serverCa);
    const { instance, serverCa } = await this.#instance(ref);
    const others = caOwner(instance) === 'Instance' ? list : await this.#listServerCertificates(ref);
    return activeFirst(others, async () => serverCa);
  }

  async serverCertificate(ref: InstanceRef): Promise<string | undefined> {
    return (await this.#listServerCertificates(ref)).serverCertificate;
  }

  clientCertificates({ project, instance }: InstanceRef): Promise<readonly ClientCertificate[]> {
    const call = named('sslCerts.list', (options) => this.#api.sslCerts.list({ project, instance }, options));
    return this.#read(project, call, wire.clientCertificates);
  }

  operation(project: string, name: string): Promise<Operation> {
    const call = named('operations.get', (options) => this.#api.operations.get({ project, operation: name }, options));
    return this.#read(project, call, wire.operation);
  }

  async operations(
    ref: InstanceRef,
    { limit, isKnown = () => false }: Parameters<CloudSql['operations']>[1],
  ): Promise<readonly Operation[]> {
    const operations: Operation[] = [];
    let pageToken: string | undefined;
    // A service that answers empty pages for ever must not pass for an instance without operations.
    for (let pages = 0; pages <= limit; pages += 1) {
      const maxResults = Math.min(PAGE_SIZE, limit - operations.length);
      const page = await this.#operationPage(ref, { maxResults, ...(pageToken !== undefined && { pageToken }) });
      operations.push(...page.operations);
      pageToken = page.nextPageToken;
      const isEnough = operations.length >= limit || page.operations.some(isKnown);
      if (isEnough || pageToken === undefined) return operations.slice(0, limit);
    }
    throw new CloudSqlError({ kind: 'Unavailable', message: 'The list of operations does not end' });
  }

  async prepareReset({ project, instance }: InstanceRef, mode: Spec['mode']): Promise<() => Promise<Answer>> {
    const call = named('instances.resetSslConfig', (options) =>
      this.#api.instances.resetSslConfig({ project, instance, mode: MODES[mode] }, options),
    );
    const send = await this.#prepare(project, call);
    return async () => toAnswer(await send());
  }

  async prepareClientCertificate(
    { project, instance }: InstanceRef,
    commonName: string,
  ): Promise<() => Promise<IssueAnswer>> {
    const call = named('sslCerts.insert', (options) =>
      this.#api.sslCerts.insert({ project, instance, requestBody: { commonName } }, options),
    );
    const send = await this.#prepare(project, call);
    return async () => toIssueAnswer(await send());
  }

  async prepareClientCertificateDeletion(
    { project, instance }: InstanceRef,
    sha1Fingerprint: string,
  ): Promise<() => Promise<Operation>> {
    const call = named('sslCerts.delete', (options) =>
      this.#api.sslCerts.delete({ project, instance, sha1Fingerprint }, options),
    );
    const send = await this.#prepare(project, call);
    return async () => toBody(await send(), wire.operation);
  }

  /** Takes a slot and has a token ready; the function that it answers sends once, however often it is called. */
  async #prepare(project: string, call: NamedCall): Promise<() => Promise<Exchange>> {
    await this.#mutations.take(project);
    const headers = await this.#headers();
    let result: Promise<Exchange> | undefined;
    return () => {
      result ??= this.#send(project, call, headers, 'Mutation');
      return result;
    };
  }

  #instance({ project, instance }: InstanceRef): Promise<wire.InstanceAnswer> {
    const call = named('instances.get', (options) => this.#api.instances.get({ project, instance }, options));
    return this.#read(project, call, wire.instance);
  }

  /** For CAs of the instance's own: with a CA service it may be refused, or empty. */
  #listServerCas({ project, instance }: InstanceRef): Promise<wire.ServerCaList> {
    const call = named('instances.listServerCas', (options) =>
      this.#api.instances.listServerCas({ project, instance }, options),
    );
    return orNone(this.#read(project, call, wire.serverCaList));
  }

  /** For CAs of a CA service: without one it may be refused. */
  #listServerCertificates({ project, instance }: InstanceRef): Promise<wire.ServerCertificateList> {
    const call = named('instances.listServerCertificates', (options) =>
      this.#api.instances.ListServerCertificates({ project, instance }, options),
    );
    return orNone(this.#read(project, call, wire.serverCertificateList));
  }

  #operationPage(
    { project, instance }: InstanceRef,
    page: { readonly maxResults: number; readonly pageToken?: string },
  ): Promise<wire.OperationPage> {
    const call = named('operations.list', (options) =>
      this.#api.operations.list({ project, instance, ...page }, options),
    );
    return this.#read(project, call, wire.operationPage);
  }

  async #read<T>(project: string, call: NamedCall, schema: z.ZodType<T>): Promise<T> {
    await this.#reads.take(project);
    const headers = await this.#headers();
    return toBody(await this.#send(project, call, headers, 'Read'), schema);
  }

  async #headers(): Promise<Headers> {
    try {
      return await this.#credentials.headers();
    } catch (error) {
      if (error instanceof CloudSqlError && error.kind === 'Forbidden') this.#options.onCredentials?.(error.message);
      throw error;
    }
  }

  async #send(project: string, call: NamedCall, headers: Headers, kind: 'Read' | 'Mutation'): Promise<Exchange> {
    const { endpoint, requestTimeoutMs: timeoutMs, monotonicMs, onCall, onCredentials } = this.#options;
    const agent = kind === 'Read' ? this.#sharedConnections : this.#freshConnections;
    const pace = kind === 'Read' ? this.#reads : this.#mutations;
    const startMs = monotonicMs();
    const result = await exchange(call.send, { endpoint, headers, agent, timeoutMs });
    if (isThrottled(result) && result.retryAfterMs !== undefined) pace.pause(project, result.retryAfterMs);
    const code = result.kind === 'Response' ? result.status : undefined;
    onCall?.({ method: call.method, code, durationMs: monotonicMs() - startMs });
    // A token can be revoked before it expires.
    if (code === 401) this.#credentials.discard();
    if (code !== undefined) onCredentials?.(code === 401 ? 'Cloud SQL does not take the token (401)' : undefined);
    return result;
  }
}

interface NamedCall {
  readonly method: string;
  readonly send: ApiCall;
}

const named = (method: string, send: ApiCall): NamedCall => ({ method, send });

/** A list that the API refuses because the instance is not of that kind has nothing in it. */
async function orNone(list: Promise<wire.ServerCertificateList>): Promise<wire.ServerCertificateList> {
  try {
    return await list;
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'Invalid') return { serverCas: [] };
    throw error;
  }
}

/** A proxy of the environment is honoured, but not for the plain HTTP of a loopback endpoint. */
const newAgent = (endpoint: string, keepAlive: boolean): HttpAgent =>
  endpoint.startsWith('https:')
    ? new HttpsAgent({ keepAlive, timeout: IDLE_CONNECTION_MS, proxyEnv: process.env })
    : new HttpAgent({ keepAlive, timeout: IDLE_CONNECTION_MS });
