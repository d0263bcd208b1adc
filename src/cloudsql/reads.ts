import type { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/index.js';
import type { Operation } from '../domain/call/operation.ts';
import { CloudSqlError } from '../domain/errors.ts';
import type { InstanceRef } from '../domain/instance.ts';
import {
  type ClientCertificate,
  caOwner,
  type Instance,
  type ServerCas,
  type SignedCertificates,
} from '../domain/instance.ts';
import type { Priority } from '../lib/priority.ts';
import type { CloudSqlReads } from '../reconcile/cloud-sql-port.ts';
import * as certificates from './certificate-schemas.ts';
import * as schemas from './schemas.ts';
import { activeFirst } from './server-cas.ts';
import { named, type Read, type Transport } from './transport.ts';

export interface OperationPageRequest {
  readonly project: string;
  /** Absent: of all instances of the project. */
  readonly instance?: string;
  readonly maxResults: number;
  readonly pageToken?: string;
}

export const PAGE_SIZE = 100;

/** Reads of the API, each call by its priority among all reads of the project. */
export class Reads implements CloudSqlReads {
  readonly #api: sqladmin_v1.Sqladmin;
  readonly #transport: Transport;
  readonly #priority: Priority;

  constructor(api: sqladmin_v1.Sqladmin, transport: Transport, priority: Priority) {
    this.#api = api;
    this.#transport = transport;
    this.#priority = priority;
  }

  instance({ project, instance }: InstanceRef): Promise<Instance> {
    const call = named('instances.get', (options) => this.#api.instances.get({ project, instance }, options));
    return this.#read({ project, quota: 'Gets', call, schema: schemas.instance });
  }

  async serverCas(ref: InstanceRef): Promise<ServerCas> {
    const list = await refusalOf(this.#listServerCas(ref));
    const isRefused = list instanceof CloudSqlError;
    if (!isRefused && list.serverCas.length > 0) {
      return activeFirst(list, async () => (await this.instance(ref)).serverCa);
    }
    const instance = await this.instance(ref);
    if (caOwner(instance) !== 'Instance') {
      return activeFirst(await this.#listServerCertificates(ref), async () => instance.serverCa);
    }
    // An instance that does not run may refuse it: that must not pass for one without a certificate.
    if (isRefused) throw list;
    return activeFirst(list, async () => instance.serverCa);
  }

  async serverCertificate(ref: InstanceRef): Promise<string | undefined> {
    return (await this.#listServerCertificates(ref)).serverCertificate;
  }

  serverCertificates({ project, instance }: InstanceRef): Promise<SignedCertificates> {
    const call = this.#serverCertificatesCall({ project, instance });
    return this.#read({ project, quota: 'Lists', call, schema: certificates.serverCertificates });
  }

  clientCertificates({ project, instance }: InstanceRef): Promise<readonly ClientCertificate[]> {
    const call = named('sslCerts.list', (options) => this.#api.sslCerts.list({ project, instance }, options));
    return this.#read({ project, quota: 'Lists', call, schema: certificates.clientCertificates });
  }

  operation(project: string, name: string): Promise<Operation> {
    const call = named('operations.get', (options) => this.#api.operations.get({ project, operation: name }, options));
    return this.#read({ project, quota: 'Gets', call, schema: schemas.operation });
  }

  async operations(
    { project, instance }: InstanceRef,
    { limit, isKnown = () => false }: Parameters<CloudSqlReads['operations']>[1],
  ): Promise<readonly Operation[]> {
    const operations: Operation[] = [];
    let pageToken: string | undefined;
    // A service that answers empty pages without an end must not pass for an instance without operations.
    for (let pages = 0; pages <= limit; pages += 1) {
      const maxResults = Math.min(PAGE_SIZE, limit - operations.length);
      const request = { project, instance, maxResults, ...(pageToken !== undefined && { pageToken }) };
      const page = await this.operationPage(request);
      operations.push(...page.operations);
      pageToken = page.nextPageToken;
      const isEnough = operations.length >= limit || page.operations.some(isKnown);
      if (isEnough || pageToken === undefined) return operations.slice(0, limit);
    }
    throw new CloudSqlError({ kind: 'Unavailable', message: 'The list of operations does not end' });
  }

  /** Newest start first. */
  operationPage(request: OperationPageRequest): Promise<schemas.OperationPage> {
    const call = named('operations.list', (options) => this.#api.operations.list({ ...request }, options));
    return this.#read({ project: request.project, quota: 'Lists', call, schema: schemas.operationPage });
  }

  /** For CAs of the instance's own: with a CA service it may be refused, or empty. */
  #listServerCas({ project, instance }: InstanceRef): Promise<certificates.ServerCaList> {
    const call = named('instances.listServerCas', (options) =>
      this.#api.instances.listServerCas({ project, instance }, options),
    );
    return this.#read({ project, quota: 'Lists', call, schema: certificates.serverCaList });
  }

  /** For CAs of a CA service: without one it may be refused. */
  #listServerCertificates({ project, instance }: InstanceRef): Promise<certificates.ServerCertificateList> {
    const call = this.#serverCertificatesCall({ project, instance });
    return orNone(this.#read({ project, quota: 'Lists', call, schema: certificates.serverCertificateList }));
  }

  #serverCertificatesCall(ref: InstanceRef) {
    return named('instances.listServerCertificates', (options) =>
      this.#api.instances.ListServerCertificates({ ...ref }, options),
    );
  }

  #read<T>(read: Read<T>): Promise<T> {
    return this.#transport.read(read, this.#priority);
  }
}

/** A list that the API refuses, perhaps because the instance is not of that kind. */
async function refusalOf<T>(list: Promise<T>): Promise<T | CloudSqlError> {
  try {
    return await list;
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'Invalid') return error;
    throw error;
  }
}

/** A list that the API refuses because the instance is not of that kind has nothing in it. */
async function orNone(list: Promise<certificates.ServerCertificateList>): Promise<certificates.ServerCertificateList> {
  const answer = await refusalOf(list);
  return answer instanceof CloudSqlError ? { serverCas: [] } : answer;
}
