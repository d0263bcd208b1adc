import type { KindNames } from '../domain/object.ts';
import { KIND, PLURAL } from '../domain/reset/ssl-reset.ts';

/** The kinds of objects that the operator works on. Each has a CRD of its own. */
export const KINDS: readonly KindNames[] = [{ name: KIND, plural: PLURAL, metrics: 'cloudsql_ssl_reset' }];
