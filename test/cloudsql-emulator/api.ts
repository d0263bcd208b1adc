import { z } from 'zod';
import type { Account } from './accounts.ts';
import { authorize } from './accounts.ts';
import { invalidRequest, invalidState } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import type { Fault } from './faults.ts';
import type { Instance } from './instance.ts';
import type { Effect, Operation } from './operations.ts';
import type { Resource } from './resources.ts';
import { clientCert, connectSettings, databaseInstance, list, operationResource, sslCert } from './resources.ts';
import type { Api, Route } from './routes.ts';

export interface Call {
  readonly cloud: Cloud;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly account: Account;
  readonly fault: Fault | undefined;
  /** The root of links. */
  readonly base: string;
}

export interface Result {
  readonly body: Resource;
  /** The name of the operation that was begun. */
  readonly operation?: string;
}

type Handler = (call: Call) => Result | Promise<Result>;

const defaultPageSize = 100;

const parse = <Schema extends z.ZodType>(schema: Schema, body: string): z.output<Schema> => {
  try {
    return schema.parse(JSON.parse(body));
  } catch (cause) {
    const error = invalidRequest('the body cannot be read');
    error.cause = cause;
    throw error;
  }
};

const instanceOf = ({ cloud, route }: Call): Instance => cloud.instance(route.project, route.instance);

/** @throws ApiError 409: `invalidState` where the instance does not run, `operationInProgress` where another operation does */
const requireReady = ({ cloud, route }: Call, { settings }: Instance): void => {
  if (settings.state !== 'RUNNABLE' || settings.activationPolicy === 'NEVER') {
    throw invalidState();
  }
  cloud.operations.requireIdle(route.project, settings.name);
};

const begin = (call: Call, { settings }: Instance, type: string, effect: Effect): Operation =>
  call.cloud.operations.start({
    project: settings.project,
    instance: settings.name,
    type,
    user: call.account.email,
    plan: { ...call.cloud.plan, ...call.fault?.operation },
    effect,
  }).operation;

const answer = ({ base }: Call, operation: Operation): Result => ({
  body: operationResource(operation, base),
  operation: operation.name,
});

/** A method that does nothing but begin an operation. */
const operating =
  (type: string, effectOn: (instance: Instance, call: Call) => Effect): Handler =>
  (call) => {
    const instance = instanceOf(call);
    const effect = effectOn(instance, call);
    requireReady(call, instance);
    return answer(call, begin(call, instance, type, effect));
  };

const immediately =
  (apply: () => void): Effect =>
  () =>
    Promise.resolve(apply);

/** `SYNC_FROM_PRIMARY` renews what a replica authenticates with at its primary: no certificate of its own changes. */
const resetEffect = (instance: Instance, { query }: Call): Effect => {
  switch (query.get('mode') ?? 'ALL') {
    case 'ALL':
    case 'RESET_SSL_MODE_UNSPECIFIED':
      return () => instance.prepareReset();
    case 'SYNC_FROM_PRIMARY':
      if (instance.settings.primary === undefined) {
        throw invalidRequest('SYNC_FROM_PRIMARY is for read replicas only');
      }
      return immediately(() => undefined);
    default:
      throw invalidRequest('unknown mode');
  }
};

const listServerCas: Handler = (call) => {
  const instance = instanceOf(call);
  const certs = instance.identities.map(({ authority }) => sslCert(authority.certificate, instance));
  const activeVersion = instance.active?.authority.certificate.sha1Fingerprint;
  return {
    body: { kind: 'sql#instancesListServerCas', ...(activeVersion === undefined ? {} : { certs, activeVersion }) },
  };
};

const listServerCertificates: Handler = (call) => {
  const instance = instanceOf(call);
  if (instance.settings.serverCaMode === 'GOOGLE_MANAGED_INTERNAL_CA') {
    throw invalidRequest('the instance does not use a CA service');
  }
  return {
    body: {
      kind: 'sql#instancesListServerCertificates',
      caCerts: instance.identities.map(({ authority }) => sslCert(authority.certificate, instance)),
      serverCerts: instance.identities.map(({ server }) => sslCert(server.certificate, instance)),
      activeVersion: instance.active?.server.certificate.sha1Fingerprint,
    },
  };
};

const insertSchema = z.object({ commonName: z.string().regex(/^[\w.\- ]{1,64}$/) });

const insertSslCert: Handler = async (call) => {
  const instance = instanceOf(call);
  const { commonName } = parse(insertSchema, call.body);
  instance.requireUnusedName(commonName);
  requireReady(call, instance);
  // The operation comes first: making the keys takes time, in which no other call may get through.
  const operation = begin(
    call,
    instance,
    'UPDATE',
    immediately(() => undefined),
  );
  const { certificate, privateKey } = await instance.addClientCertificate(commonName);
  return {
    body: {
      kind: 'sql#sslCertsInsert',
      operation: operationResource(operation, call.base),
      ...(instance.active ? { serverCaCert: sslCert(instance.active.authority.certificate, instance) } : {}),
      clientCert: { certInfo: clientCert(certificate, instance, call.base), certPrivateKey: privateKey },
    },
    operation: operation.name,
  };
};

const deleteSslCert = operating('UPDATE', (instance, { route }) => {
  const { sha1Fingerprint } = instance.clientCertificate(route.fingerprint ?? '');
  return immediately(() => instance.removeClientCertificate(sha1Fingerprint));
});

/** Links and tokens of a page name the last operation of the page before. */
const pageOf = (operations: readonly Operation[], query: URLSearchParams) => {
  const token = query.get('pageToken');
  const start =
    token === null ? 0 : operations.findIndex(({ name }) => name === Buffer.from(token, 'base64url').toString()) + 1;
  const end = start + (Number(query.get('maxResults')) || defaultPageSize);
  const page = operations.slice(start, end);
  const last = page.at(-1);
  const nextPageToken = last && end < operations.length ? Buffer.from(last.name).toString('base64url') : undefined;
  return { page, nextPageToken };
};

const listOperations: Handler = ({ cloud, route, query, fault, base }) => {
  const hiddenFrom = Date.now() - (fault?.hideYoungerThanMs ?? 0);
  const visible = cloud.operations
    .list(route.project, route.instance)
    .filter(({ insertTime }) => Date.parse(insertTime) <= hiddenFrom);
  const { page, nextPageToken } = pageOf(visible, query);
  const items = page.map((operation) => operationResource(operation, base));
  return { body: list('sql#operationsList', items, nextPageToken === undefined ? {} : { nextPageToken }) };
};

const ephemeralSchema = z.object({ public_key: z.string() });

const generateEphemeralCert: Handler = async (call) => {
  const instance = instanceOf(call);
  const { public_key: publicKey } = parse(ephemeralSchema, call.body);
  return { body: { ephemeralCert: sslCert(await instance.ephemeralCertificate(publicKey), instance) } };
};

const handlers: Readonly<Record<Api, Handler>> = {
  'instances.list': ({ cloud, route, base }) => ({
    body: list(
      'sql#instancesList',
      cloud.instances(route.project).map((instance) => databaseInstance(instance, base)),
    ),
  }),
  'instances.get': (call) => ({ body: databaseInstance(instanceOf(call), call.base) }),
  resetSslConfig: operating('UPDATE', resetEffect),
  restart: operating('RESTART', (instance) => immediately(() => instance.restart())),
  addServerCa: operating('UPDATE', (instance) => () => instance.prepareUpcoming()),
  rotateServerCa: operating('UPDATE', (instance) => immediately(() => instance.rotate())),
  listServerCas,
  listServerCertificates,
  'sslCerts.list': (call) => {
    const instance = instanceOf(call);
    const items = instance.clientCertificates.map((certificate) => clientCert(certificate, instance, call.base));
    return { body: list('sql#sslCertsList', items) };
  },
  'sslCerts.get': (call) => {
    const instance = instanceOf(call);
    return { body: clientCert(instance.clientCertificate(call.route.fingerprint ?? ''), instance, call.base) };
  },
  'sslCerts.insert': insertSslCert,
  'sslCerts.delete': deleteSslCert,
  connectSettings: (call) => ({ body: connectSettings(instanceOf(call)) }),
  generateEphemeralCert,
  'operations.list': listOperations,
  'operations.get': ({ cloud, route, base }) => ({
    body: operationResource(cloud.operations.get(route.project, route.operation ?? ''), base),
  }),
};

/**
 * Carries out one call.
 * @throws ApiError
 */
export const execute = async (call: Call): Promise<Result> => {
  authorize(call.account, call.route.permission);
  return handlers[call.route.api](call);
};
