import { CustomObjectsApi } from '@kubernetes/client-node';
import { catchError, map, merge, type Observable } from 'rxjs';
import { isKubernetesError, KubernetesError } from '../domain/errors.ts';
import { GROUP, VERSION } from '../domain/object.ts';
import { PLURAL, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { Backoff } from '../lib/backoff.ts';
import { oneLine } from '../lib/one-line.ts';
import type { Logger } from '../reconcile/ports.ts';
import { type ListWatchSource, type WatchEvent, watcher } from '../runtime/watcher.ts';
import { isExpired } from './api-error.ts';
import type { Client } from './client.ts';
import { objectAt } from './json.ts';
import { collect, PAGE_LIMIT, type Page, toPage } from './pages.ts';
import { parseSslReset } from './ssl-reset-object.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { type WatchTimeouts, watchStream } from './watch-stream.ts';

export interface ListWatchOptions {
  readonly logger: Logger;
  readonly pageLimit?: number | undefined;
  readonly timeouts?: WatchTimeouts | undefined;
  readonly backoff?: Backoff | undefined;
  /** Called at each sign that the watch of a namespace, or of all, is alive, whether it works or not. */
  readonly onSign?: ((namespace: string | undefined) => void) | undefined;
}

/** An event of one namespace's watch, or of that of all namespaces where `namespace` is undefined. */
export type SslResetEvent<T = SslReset> = WatchEvent<T> & { readonly namespace: string | undefined };

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL } as const;
/** The API server sends a bookmark within 61 s of silence: a watch without even that has nobody at the other end. */
const SILENCE_MS = 65_000;
const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };
const HEALTHY_AFTER_MS = 10_000;

/**
 * Watches the resets of these namespaces, or of all if none is given, without an end. `synced` is about its own
 * namespace only.
 */
export const watchSslResets = (
  client: Client,
  namespaces: readonly string[],
  options: ListWatchOptions,
): Observable<SslResetEvent> => watchSslResetsAs((reset) => reset, client, namespaces, options);

/** The same; of each reset no more than what `reduce` answers is kept on arrival, so that no list holds all of them. */
export function watchSslResetsAs<T>(
  reduce: (reset: SslReset) => T,
  client: Client,
  namespaces: readonly string[],
  options: ListWatchOptions,
): Observable<SslResetEvent<T>> {
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  return merge(
    ...scopes.map((namespace) =>
      watcher(sslResetSource(reduce, client, namespace, options), {
        backoff: options.backoff ?? BACKOFF,
        healthyAfterMs: HEALTHY_AFTER_MS,
        onSign: () => options.onSign?.(namespace),
      }).pipe(map((event) => ({ ...event, namespace }))),
    ),
  );
}

function sslResetSource<T>(
  reduce: (reset: SslReset) => T,
  client: Client,
  namespace: string | undefined,
  { logger, pageLimit = PAGE_LIMIT, ...options }: ListWatchOptions,
): ListWatchSource<T> {
  const timeouts = options.timeouts ?? { openMs: client.requestTimeoutMs, silenceMs: SILENCE_MS };
  const custom = client.api(CustomObjectsApi);
  const parse = parser(logger, reduce);

  const readPage = async (page: { readonly limit: number; readonly _continue?: string }): Promise<Page<unknown>> => {
    const request = { ...RESOURCE, ...page };
    const list: unknown =
      namespace === undefined
        ? await custom.listCustomObjectForAllNamespaces({ ...request, resourcePlural: PLURAL })
        : await custom.listNamespacedCustomObject({ ...request, namespace });
    return toPage(list);
  };

  return {
    isExpired,

    async list(signal) {
      try {
        const { items, resourceVersion } = await collect(
          (page) => {
            signal.throwIfAborted();
            options.onSign?.(namespace);
            return readPage(page);
          },
          parse,
          pageLimit,
        );
        return { objects: items, version: resourceVersion };
      } catch (error) {
        throw explained(error);
      }
    },

    watch(version) {
      return watchStream(client, watchPath(namespace, version), timeouts).pipe(
        map((item) => toSourceEvent(item, parse)),
        catchError((error: unknown) => {
          throw explained(error);
        }),
      );
    },
  };
}

/**
 * One object that cannot be read must not keep the others from being seen: it is passed over, and said once until it can
 * be read again.
 */
function parser<T>(logger: Logger, reduce: (reset: SslReset) => T): (object: unknown) => T | undefined {
  const said = new Map<string, string>();
  return (object) => {
    const { namespace, name } = objectAt(object, 'metadata');
    const key = JSON.stringify([namespace, name]);
    const read = reading(object, reduce);
    if ('value' in read) {
      said.delete(key);
      return read.value;
    }
    if (said.get(key) !== read.problem) logger.warn(read.problem, { namespace, name });
    said.set(key, read.problem);
    return undefined;
  };
}

type Reading<T> = { readonly value: T } | { readonly problem: string };

function reading<T>(object: unknown, reduce: (reset: SslReset) => T): Reading<T> {
  try {
    const reset = parseSslReset(object);
    return reset === undefined ? { problem: MISFIT } : { value: reduce(reset) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { problem: oneLine(`an object cannot be read and is skipped: ${problem}`) };
  }
}

const MISFIT = `an object does not fit ${VERSION} and is skipped: is the CRD of this version installed?`;

function watchPath(namespace: string | undefined, version: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${GROUP}/${VERSION}${scope}/${PLURAL}?${watchQuery(version)}`;
}

/** Only where the API server does not know the resource is there nothing to list. */
function explained(error: unknown): unknown {
  if (!isKubernetesError(error, 'NotFound')) return error;
  const message = `the CRD ${PLURAL}.${GROUP} is not installed`;
  return new KubernetesError({ kind: 'NotFound', message, cause: error });
}
