import type { KindNames } from '../domain/object.ts';
import { KIND, PLURAL } from '../domain/reset/ssl-reset.ts';
import { KIND as SERVER_CA, PLURAL as SERVER_CAS } from '../domain/server-ca/server-ca-object.ts';

/** The kinds of objects that the operator works on. Each has a CRD of its own. */
export const KINDS: readonly KindNames[] = [
  { name: SERVER_CA, plural: SERVER_CAS, metrics: 'cloudsql_server_ca' },
  { name: KIND, plural: PLURAL, metrics: 'cloudsql_ssl_reset' },
];
