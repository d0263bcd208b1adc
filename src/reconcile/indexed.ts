/** An object of any kind, as the index keeps it. */
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../domain/server-ca/server-ca-object.ts';
import type { IndexedObject } from './indexed-object.ts';
import { indexed } from './indexed-reset.ts';
import { indexedServerCa } from './server-ca/indexed-server-ca.ts';

export const indexedOfAnyKind = (object: SslReset | CloudSqlServerCa): IndexedObject =>
  'kind' in object ? indexedServerCa(object) : indexed(object);
