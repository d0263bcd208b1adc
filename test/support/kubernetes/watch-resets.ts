import type { Observable } from 'rxjs';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Client } from '../../../src/kubernetes/client.ts';
import { type ListWatchOptions, type ObjectEvent, watchObjects } from '../../../src/kubernetes/list-watch.ts';
import { SSL_RESET_OBJECTS } from '../../../src/kubernetes/ssl-resets.ts';

export type SslResetEvent = ObjectEvent<SslReset>;

/** The resets of these namespaces as they are, whole. */
export const watchSslResets = (
  client: Client,
  namespaces: readonly string[],
  options: ListWatchOptions,
): Observable<SslResetEvent> => watchObjects(SSL_RESET_OBJECTS, (reset) => reset, client, namespaces, options);
