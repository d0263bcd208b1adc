import { authorize } from './accounts.ts';
import { invalidRequest } from './api-error.ts';
import type { Call, Handler, Result } from './call.ts';
import { immediately, instanceOf, operating } from './call.ts';
import type { Instance } from './instance.ts';
import type { Effect } from './operations.ts';
import { getOperation, listOperations } from './operations-api.ts';
import { connectSettings, databaseInstance, list, sslCert } from './resources.ts';
import type { Api } from './routes.ts';
import { deleteSslCert, generateEphemeralCert, getSslCert, insertSslCert, listSslCerts } from './ssl-certs-api.ts';

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

/**
 * With a CA service the API's own words send callers to listServerCertificates. Unverified: that this one still answers
 * there, with the CAs of the service, of which the active one is given once for each server certificate.
 */
const listServerCas: Handler = (call) => {
  const instance = instanceOf(call);
  const certs = instance.identities.map(({ authority }) => sslCert(authority.certificate, instance));
  const activeVersion = instance.active?.authority.certificate.sha1Fingerprint;
  return {
    body: { kind: 'sql#instancesListServerCas', ...(activeVersion === undefined ? {} : { certs, activeVersion }) },
  };
};

/**
 * For CA services alone, says the API, which sends all others to listServerCas; the lists belong together by position:
 * gcloud pairs them so. Unverified: the refusal of an instance with a CA of its own.
 */
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
  'sslCerts.list': listSslCerts,
  'sslCerts.get': getSslCert,
  'sslCerts.insert': insertSslCert,
  'sslCerts.delete': deleteSslCert,
  connectSettings: (call) => ({ body: connectSettings(instanceOf(call)) }),
  generateEphemeralCert,
  'operations.list': listOperations,
  'operations.get': getOperation,
};

/**
 * Carries out one call.
 * @throws ApiError
 */
export const execute = async (call: Call): Promise<Result> => {
  authorize(call.account, call.route.permission);
  return handlers[call.route.api](call);
};
