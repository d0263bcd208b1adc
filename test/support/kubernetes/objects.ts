/** What the API server has, and how it changes. */
import { concat, EMPTY, mergeMap, type Observable, of, throwError } from 'rxjs';
import { z } from 'zod';
import type { Client } from '../../../src/kubernetes/client.ts';
import { watchStream } from '../../../src/kubernetes/watch-stream.ts';
import type { ClusterObjects, ObjectEvent } from '../../pods/cluster-objects.ts';

/** Longer than a demo or a test takes: a watch that ends is one that failed. */
const WATCH_SECONDS = 600;

const eventSchema = z.object({ type: z.string(), object: z.unknown() });

/** Begins with what is there, since it names no resourceVersion. Fails when the API server ends it. */
export function watchObjects(client: Client, path: string): Observable<ObjectEvent> {
  const query = `${path.includes('?') ? '&' : '?'}watch=true&timeoutSeconds=${WATCH_SECONDS}`;
  const timeouts = { openMs: client.requestTimeoutMs, silenceMs: WATCH_SECONDS * 1000 };
  const ended = throwError(() => new Error(`The API server ended the watch of ${path}`));
  return concat(watchStream(client, path + query, timeouts), ended).pipe(
    mergeMap((item) => (item.type === 'line' ? of(eventSchema.parse(item.value)) : EMPTY)),
    mergeMap(({ type, object }) => {
      if (type === 'ERROR') throw new Error(`The API server broke off the watch of ${path}: ${JSON.stringify(object)}`);
      return of({ isDeleted: type === 'DELETED', object });
    }),
  );
}

async function readObject(client: Client, path: string, signal: AbortSignal): Promise<unknown> {
  const { statusCode: code, body } = await client.open(path, signal);
  const text = await body.text();
  if (code === 404) return undefined;
  if (code !== 200) throw new Error(`The API server answers ${code} to GET ${path}: ${text}`);
  return JSON.parse(text);
}

export const clusterObjects = (client: Client): ClusterObjects => ({
  watch: (path) => watchObjects(client, path),
  read: (path, signal) => readObject(client, path, signal),
});
