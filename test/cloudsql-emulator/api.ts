import { authorize } from './accounts.ts';
import { invalidRequest } from './api-error.ts';
import type { Call, Handler, Result } from './call.ts';
import { instanceOf, operating } from './call.ts';
import type { Instance } from './instance.ts';
import { type Effect, immediately } from './operations.ts';
import { getOperation, listOperations } from './operations-api.ts';
import { connectSettings, databaseInstance, list } from './resources.ts';
import type { Api } from './routes.ts';
import {
  addServerCa,
  addServerCertificate,
  listServerCas,
  listServerCertificates,
  rotateServerCa,
  rotateServerCertificate,
} from './server-ca-api.ts';
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
  listServerCas,
  listServerCertificates,
  addServerCa,
  rotateServerCa,
  addServerCertificate,
  rotateServerCertificate,
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
