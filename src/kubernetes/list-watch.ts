import { CustomObjectsApi } from '@kubernetes/client-node';
import { catchError, map, merge, type Observable } from 'rxjs';
import { isKubernetesError, KubernetesError } from '../domain/errors.ts';
import { GROUP, VERSION } from '../domain/object.ts';
import type { Backoff } from '../lib/backoff.ts';
import { objectAt } from '../lib/json.ts';
import { oneLine } from '../lib/one-line.ts';
import type { Logger } from '../reconcile/ports.ts';
import { type ListWatchSource, type WatchEvent, watcher } from '../runtime/watcher.ts';
import { isExpired } from './api-error.ts';
import type { Client } from './client.ts';
import { collect, PAGE_LIMIT, type Page, toPage } from './pages.ts';
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
export type ObjectEvent<T> = WatchEvent<T> & { readonly namespace: string | undefined };

/** A kind of objects of our group. */
export interface Watched<T> {
  readonly plural: string;
  /** Undefined where the object is none that the CRD of this version allows. */
  readonly parse: (object: unknown) => T | undefined;
}

/** The API server sends a bookmark within 61 s of silence: a watch without even that has nobody at the other end. */
const SILENCE_MS = 65_000;
const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };
const HEALTHY_AFTER_MS = 10_000;

/**
 * Watches the objects of a kind in these namespaces, or in all if none is given, without an end. `synced` is about its own
 * namespace only. Of each object no more than what `reduce` answers is kept on arrival, so that no list holds all of them.
 */
export function watchObjects<T, R>(
  watched: Watched<T>,
  reduce: (object: T) => R,
  client: Client,
  namespaces: readonly string[],
  options: ListWatchOptions,
): Observable<ObjectEvent<R>> {
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  return merge(
    ...scopes.map((namespace) =>
      watcher(sourceOf(watched, reduce, client, namespace, options), {
        backoff: options.backoff ?? BACKOFF,
        healthyAfterMs: HEALTHY_AFTER_MS,
        onSign: () => options.onSign?.(namespace),
      }).pipe(map((event) => ({ ...event, namespace }))),
    ),
  );
}

function sourceOf<T, R>(
  { plural, parse: read }: Watched<T>,
  reduce: (object: T) => R,
  client: Client,
  namespace: string | undefined,
  { logger, pageLimit = PAGE_LIMIT, ...options }: ListWatchOptions,
): ListWatchSource<R> {
  const timeouts = options.timeouts ?? { openMs: client.requestTimeoutMs, silenceMs: SILENCE_MS };
  const custom = client.api(CustomObjectsApi);
  const parse = parser(logger, read, reduce);

  const readPage = async (page: { readonly limit: number; readonly _continue?: string }): Promise<Page<unknown>> => {
    const request = { group: GROUP, version: VERSION, plural, ...page };
    const list: unknown =
      namespace === undefined
        ? await custom.listCustomObjectForAllNamespaces({ ...request, resourcePlural: plural })
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
        throw explained(error, plural);
      }
    },

    watch(version) {
      return watchStream(client, watchPath(plural, namespace, version), timeouts).pipe(
        map((item) => toSourceEvent(item, parse)),
        catchError((error: unknown) => {
          throw explained(error, plural);
        }),
      );
    },
  };
}

/**
 * One object that cannot be read must not keep the others from being seen: it is passed over, and said once until it can
 * be read again.
 */
function parser<T, R>(
  logger: Logger,
  parse: Watched<T>['parse'],
  reduce: (object: T) => R,
): (object: unknown) => R | undefined {
  const said = new Map<string, string>();
  return (object) => {
    const { namespace, name } = objectAt(object, 'metadata');
    const key = JSON.stringify([namespace, name]);
    const read = reading(object, parse, reduce);
    if ('value' in read) {
      said.delete(key);
      return read.value;
    }
    if (said.get(key) !== read.problem) logger.warn(read.problem, { namespace, name });
    said.set(key, read.problem);
    return undefined;
  };
}

type Reading<R> = { readonly value: R } | { readonly problem: string };

function reading<T, R>(object: unknown, parse: Watched<T>['parse'], reduce: (object: T) => R): Reading<R> {
  try {
    const parsed = parse(object);
    return parsed === undefined ? { problem: MISFIT } : { value: reduce(parsed) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { problem: oneLine(`an object cannot be read and is skipped: ${problem}`) };
  }
}

const MISFIT = `an object does not fit ${VERSION} and is skipped: is the CRD of this version installed?`;

function watchPath(plural: string, namespace: string | undefined, version: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${GROUP}/${VERSION}${scope}/${plural}?${watchQuery(version)}`;
}

/** Only where the API server does not know the resource is there nothing to list. */
function explained(error: unknown, plural: string): unknown {
  if (!isKubernetesError(error, 'NotFound')) return error;
  const message = `the CRD ${plural}.${GROUP} is not installed`;
  return new KubernetesError({ kind: 'NotFound', message, cause: error });
}
