/** What a watch request and its answers look like, whatever is watched. */

import { numberAt, objectAt, textAt } from '../lib/json.ts';
import type { SourceEvent } from '../runtime/watcher.ts';
import { fromAnswer } from './api-error.ts';
import type { StreamItem } from './watch-stream.ts';

/** The API server ends a watch after it, so that watches spread over its replicas again. */
const WATCH_SECONDS = 290;

/** The query of a watch that goes on from a version. */
export const watchQuery = (version: string, selection: Readonly<Record<string, string>> = {}): string =>
  new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(WATCH_SECONDS),
    ...selection,
  }).toString();

/**
 * @param parse answers undefined for what is passed over
 * @throws KubernetesError where the server ends the watch with an error
 */
export function toSourceEvent<T>(item: StreamItem, parse: (object: unknown) => T | undefined): SourceEvent<T> {
  if (item.type === 'opened') return item;
  const type = textAt(item.value, 'type');
  const object = objectAt(item.value, 'object');
  if (type === 'ERROR') throw fromAnswer({ code: numberAt(object, 'code') ?? 500, body: object });
  const version = textAt(objectAt(object, 'metadata'), 'resourceVersion');
  const parsed = type === 'BOOKMARK' ? undefined : parse(object);
  if (parsed === undefined) return { type: 'bookmark', version };
  return { type: type === 'DELETED' ? 'deleted' : 'applied', object: parsed, version };
}
