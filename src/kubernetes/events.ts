import {
  EventsV1Api,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  type V1ObjectReference,
} from '@kubernetes/client-node';
import { isKubernetesError } from '../domain/errors.ts';
import { FIELD_MANAGER } from '../domain/object.ts';
import type { EventNote, EventSubject, Events, Logger } from '../reconcile/ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';
import { cutNote, eventName } from './event-object.ts';

export interface EventsOptions {
  readonly logger: Logger;
  /** Which of several replicas reports: the name of the pod or host. */
  readonly instance: string;
  readonly now?: (() => Date) | undefined;
  /** How long a flush may take, in milliseconds. */
  readonly flushMs?: number;
}

export interface FlushableEvents extends Events {
  /** Resolves when every event that was handed over is written or given up, at the latest after some seconds. */
  flush(): Promise<void>;
}

const CONTROLLER = 'cloudsql-ssl-operator';
const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
/** The same event within this time of the last one is counted on it, as client-go does. */
const SERIES_WINDOW_MS = 6 * 60_000;
const MAX_SERIES = 1000;
const MAX_PENDING = 200;
/** Events are not worth the clean end of the process. */
const FLUSH_MS = 5_000;

interface Series {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
  readonly lastMs: number;
}

/** Writes events one after the other, in the background; what repeats is counted on the event that is there. */
export function createEvents(client: Client, options: EventsOptions): FlushableEvents {
  return new EventWriter(client, options);
}

class EventWriter implements FlushableEvents {
  readonly #api: EventsV1Api;
  readonly #options: EventsOptions;
  readonly #now: () => Date;
  readonly #pending: EventNote[] = [];
  /** In the order of their last event. */
  readonly #series = new Map<string, Series>();
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(client: Client, options: EventsOptions) {
    this.#api = client.api(EventsV1Api);
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  publish(event: EventNote): void {
    if (this.#pending.length >= MAX_PENDING) {
      this.#options.logger.debug('an event is dropped: too many are waiting', { reason: event.reason });
      return;
    }
    this.#pending.push(event);
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const alarm = setTimeout(resolve, this.#options.flushMs ?? FLUSH_MS);
    await Promise.race([this.#writing, late]).finally(() => clearTimeout(alarm));
  }

  async #writeAll(): Promise<void> {
    for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift())
      await this.#write(event);
    this.#writing = undefined;
  }

  async #write(event: EventNote): Promise<void> {
    try {
      await this.#countOrCreate(event);
      this.#isFailing = false;
    } catch (error) {
      // One warning for a row of failures: without the right to write events there would be one for each.
      const level = this.#isFailing ? 'debug' : 'warn';
      this.#isFailing = true;
      this.#options.logger[level]('an event could not be written', { reason: event.reason, error });
    }
  }

  async #countOrCreate(event: EventNote): Promise<void> {
    const at = this.#now();
    this.#forgetBefore(at.getTime() - SERIES_WINDOW_MS);
    const key = keyOf(event);
    const series = this.#series.get(key);
    const next = (series && (await this.#count(series, at))) ?? (await this.#create(event, at));
    this.#series.delete(key);
    this.#series.set(key, next);
  }

  /** Undefined where the event is gone: the API server keeps events for an hour. */
  async #count({ name, namespace, count }: Series, at: Date): Promise<Series | undefined> {
    const body = { series: { count: count + 1, lastObservedTime: microTime(at) } };
    try {
      const request = { name, namespace, body, fieldManager: FIELD_MANAGER };
      await call(this.#api.patchNamespacedEvent(request, MERGE_PATCH));
    } catch (error) {
      if (isKubernetesError(error, 'NotFound')) return undefined;
      throw error;
    }
    return { name, namespace, count: count + 1, lastMs: at.getTime() };
  }

  async #create({ type, reason, action, note, regarding, related }: EventNote, at: Date): Promise<Series> {
    const { namespace } = regarding;
    const name = eventName(regarding, at);
    const body = {
      metadata: { name, namespace },
      eventTime: new V1MicroTime(at),
      reportingController: CONTROLLER,
      reportingInstance: this.#options.instance.slice(0, 128),
      type,
      reason,
      action,
      note: cutNote(note),
      regarding: reference(regarding),
      ...(related && { related: reference(related) }),
    };
    await call(this.#api.createNamespacedEvent({ namespace, body, fieldManager: FIELD_MANAGER }));
    return { name, namespace, count: 1, lastMs: at.getTime() };
  }

  #forgetBefore(ms: number): void {
    for (const [key, { lastMs }] of this.#series) {
      if (lastMs >= ms && this.#series.size < MAX_SERIES) return;
      this.#series.delete(key);
    }
  }
}

const keyOf = ({ type, reason, action, note, regarding, related }: EventNote): string =>
  JSON.stringify([regarding.uid, related?.uid, type, reason, action, note]);

const reference = ({ apiVersion, kind, namespace, name, uid }: EventSubject): V1ObjectReference => ({
  apiVersion,
  kind,
  namespace,
  name,
  uid,
});

/** Patches are sent as they are, without client-node's serializer. */
const microTime = (at: Date): string => at.toISOString().replace('Z', '000Z');
