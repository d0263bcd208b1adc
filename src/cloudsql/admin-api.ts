import { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/index.js';
import type { Operation } from '../domain/call/operation.ts';
import type { CallResult, IssueResult } from '../domain/call/result.ts';
import type { ClientCertificate, Instance, InstanceRef, ServerCas, SignedCertificates } from '../domain/instance.ts';
import type { Spec } from '../domain/reset/ssl-reset.ts';
import type { CloudSql, OperationWatch, RotationCalls, Slot } from '../reconcile/cloud-sql-port.ts';
import { toBody, toCallResult, toIssueResult } from './api-error.ts';
import { Polls } from './polls.ts';
import { Reads } from './reads.ts';
import * as schemas from './schemas.ts';
import { type NamedCall, named, Transport, type TransportOptions } from './transport.ts';

export interface AdminApiOptions extends TransportOptions {
  /** Between two polls of the operations that run in a project, in milliseconds. */
  readonly pollMinMs: number;
  /** The longest time between two of them while they fail. */
  readonly pollMaxMs: number;
}

/** Of the rate of reads: the rest is for what cannot wait for a list. */
const POLL_SHARE = 1 / 3;

const MODES = { All: 'ALL', SyncFromPrimary: 'SYNC_FROM_PRIMARY' } as const satisfies Record<Spec['mode'], string>;

/** The Cloud SQL Admin API v1, https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1. */
export class AdminApi implements CloudSql, RotationCalls {
  readonly #api = new sqladmin_v1.Sqladmin({});
  readonly #transport: Transport;
  readonly #reads: Reads;
  readonly #polls: Polls;
  readonly lowPriority: Reads;

  constructor(options: AdminApiOptions) {
    this.#transport = new Transport(options);
    this.#reads = new Reads(this.#api, this.#transport, 'High');
    this.lowPriority = new Reads(this.#api, this.#transport, 'Low');
    this.#polls = new Polls({
      get: (project, name) => this.#reads.operation(project, name),
      page: (request) => this.#reads.operationPage(request),
      intervalMs: options.pollMinMs,
      maxIntervalMs: options.pollMaxMs,
      maxPerSecond: options.readQps * POLL_SHARE,
      monotonicMs: options.monotonicMs,
    });
  }

  identity(): Promise<string | undefined> {
    return this.#transport.identity();
  }

  instance(ref: InstanceRef): Promise<Instance> {
    return this.#reads.instance(ref);
  }

  serverCas(ref: InstanceRef): Promise<ServerCas> {
    return this.#reads.serverCas(ref);
  }

  serverCertificate(ref: InstanceRef): Promise<string | undefined> {
    return this.#reads.serverCertificate(ref);
  }

  serverCertificates(ref: InstanceRef): Promise<SignedCertificates> {
    return this.#reads.serverCertificates(ref);
  }

  clientCertificates(ref: InstanceRef): Promise<readonly ClientCertificate[]> {
    return this.#reads.clientCertificates(ref);
  }

  operation(project: string, name: string): Promise<Operation> {
    return this.#polls.operation(project, name);
  }

  watchOperation(project: string, operation: Operation, watch: OperationWatch): void {
    this.#polls.watch(project, operation, watch);
  }

  operations(...given: Parameters<CloudSql['operations']>): Promise<readonly Operation[]> {
    return this.#reads.operations(...given);
  }

  trySlot(project: string): Slot | undefined {
    return this.#transport.tryWrite(project);
  }

  slotPauseMs(project: string): number {
    return this.#transport.writePauseMs(project);
  }

  slot(project: string): Promise<Slot> {
    return this.#transport.lowPriorityWrite(project);
  }

  async prepareReset(
    { project, instance }: InstanceRef,
    mode: Spec['mode'],
    slot: Slot,
  ): Promise<() => Promise<CallResult>> {
    const call = named('instances.resetSslConfig', (options) =>
      this.#api.instances.resetSslConfig({ project, instance, mode: MODES[mode] }, options),
    );
    return this.#prepared(project, call, slot);
  }

  prepareAddServerCa({ project, instance }: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>> {
    const call = named('instances.addServerCa', (options) =>
      this.#api.instances.addServerCa({ project, instance }, options),
    );
    return this.#prepared(project, call, slot);
  }

  async prepareRotateServerCa(
    { project, instance }: InstanceRef,
    nextVersion: string,
  ): Promise<() => Promise<CallResult>> {
    const requestBody = { rotateServerCaContext: { nextVersion } };
    const call = named('instances.rotateServerCa', (options) =>
      this.#api.instances.rotateServerCa({ project, instance, requestBody }, options),
    );
    return this.#prepared(project, call, await this.#transport.highPriorityWrite(project));
  }

  prepareAddServerCertificate({ project, instance }: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>> {
    const call = named('instances.addServerCertificate', (options) =>
      this.#api.instances.addServerCertificate({ project, instance }, options),
    );
    return this.#prepared(project, call, slot);
  }

  async prepareRotateServerCertificate(
    { project, instance }: InstanceRef,
    nextVersion: string,
  ): Promise<() => Promise<CallResult>> {
    const requestBody = { rotateServerCertificateContext: { nextVersion } };
    const call = named('instances.rotateServerCertificate', (options) =>
      this.#api.instances.RotateServerCertificate({ project, instance, requestBody }, options),
    );
    return this.#prepared(project, call, await this.#transport.highPriorityWrite(project));
  }

  async #prepared(project: string, call: NamedCall, slot: Slot): Promise<() => Promise<CallResult>> {
    const send = await this.#transport.prepare(project, call, slot);
    return async () => toCallResult(await send());
  }

  async prepareClientCertificate(
    { project, instance }: InstanceRef,
    commonName: string,
  ): Promise<() => Promise<IssueResult>> {
    const call = named('sslCerts.insert', (options) =>
      this.#api.sslCerts.insert({ project, instance, requestBody: { commonName } }, options),
    );
    const send = await this.#transport.prepare(project, call, await this.#transport.highPriorityWrite(project));
    return async () => toIssueResult(await send());
  }

  async prepareClientCertificateDeletion(
    { project, instance }: InstanceRef,
    sha1Fingerprint: string,
  ): Promise<() => Promise<Operation>> {
    const call = named('sslCerts.delete', (options) =>
      this.#api.sslCerts.delete({ project, instance, sha1Fingerprint }, options),
    );
    const send = await this.#transport.prepare(project, call, await this.#transport.highPriorityWrite(project));
    return async () => toBody(await send(), schemas.operation);
  }
}
