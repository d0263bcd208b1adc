/** Objects as they change, pushed by the API server. */
import { concat, EMPTY, fromEvent, map, merge, mergeMap, type Observable, of, throwError } from 'rxjs';
import { z } from 'zod';
import type { SslReset } from '../../src/domain/ssl-reset.ts';
import { GROUP, PLURAL, VERSION } from '../../src/domain/ssl-reset.ts';
import type { Client } from '../../src/kubernetes/client.ts';
import { parseSslReset } from '../../src/kubernetes/ssl-reset-object.ts';
import { watchStream } from '../../src/kubernetes/watch-stream.ts';
import { type Deployment, parseDeployment } from './deployment.ts';
import { NAMESPACE } from './scene.ts';

/** Longer than the demo takes: a watch that ends is one that failed. */
const WATCH_SECONDS = 600;

const eventSchema = z.object({ type: z.string(), object: z.unknown() });

export const watchDeployments = (client: Client): Observable<Deployment> =>
  watchObjects(client, `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, parseDeployment);

export const watchReset = (client: Client, name: string): Observable<SslReset> =>
  watchObjects(
    client,
    `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/${PLURAL}?fieldSelector=metadata.name%3D${name}`,
    parseReset,
  );

function parseReset(object: unknown): SslReset {
  const reset = parseSslReset(object);
  if (reset === undefined) throw new Error('The API server has another version of the CRD');
  return reset;
}

/** Without a resourceVersion the watch begins with what is there. */
function watchObjects<T>(client: Client, path: string, parse: (object: unknown) => T): Observable<T> {
  const query = `${path.includes('?') ? '&' : '?'}watch=true&timeoutSeconds=${WATCH_SECONDS}`;
  const timeouts = { openMs: client.requestTimeoutMs, silenceMs: WATCH_SECONDS * 1000 };
  const ended = throwError(() => new Error(`The API server ended the watch of ${path}`));
  return concat(watchStream(client, path + query, timeouts), ended).pipe(
    mergeMap((item) => (item.type === 'line' ? of(eventSchema.parse(item.value)) : EMPTY)),
    mergeMap(({ type, object }) => {
      if (type === 'ERROR') throw new Error(`The API server broke off the watch of ${path}: ${JSON.stringify(object)}`);
      return type === 'DELETED' ? EMPTY : of(object);
    }),
    map(parse),
  );
}

/** The same, and fails with the signal's reason as soon as it is aborted. */
export function abortable<T>(source: Observable<T>, signal: AbortSignal): Observable<T> {
  const fail = throwError(() => signal.reason);
  return signal.aborted ? fail : merge(source, fromEvent(signal, 'abort').pipe(mergeMap(() => fail)));
}
