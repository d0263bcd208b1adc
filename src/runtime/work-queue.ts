import { Observable, type Subscriber } from 'rxjs';
import type { Priority } from '../lib/priority.ts';
import { GroupedQueue } from './grouped-queue.ts';
import { type Cancel, systemTimers, type Timers } from './timers.ts';

export interface WorkQueueOptions<Key> {
  /** How many keys run at a time. */
  readonly concurrency: number;
  /** At most one key of a group runs at a time; a key without a group stands for itself. */
  readonly groupOf?: ((key: Key) => string | undefined) | undefined;
  /** Of a key that begins to wait: high priority runs first, but for each fourth run. Absent: all are low. */
  readonly priorityOf?: ((key: Key) => Priority) | undefined;
  /** Tenants take turns within a priority, so that none holds up the others by its number of keys. Absent: there is one. */
  readonly tenantOf?: ((key: Key) => string) | undefined;
  readonly observer?: WorkQueueObserver<Key> | undefined;
  readonly timers?: Timers | undefined;
}

/** What a queue holds at the moment. */
export interface WorkQueueView<Key> {
  /** Keys that wait for their run. */
  readonly waitingKeys: readonly Key[];
  /** Keys that run, and for how long already. */
  readonly runningMs: ReadonlyMap<Key, number>;
}

/** For metrics. */
export interface WorkQueueObserver<Key> {
  /** There is a queue to look at; the one before it is closed. */
  onOpened?(queue: WorkQueueView<Key>): void;
  /** A key begins to wait. */
  onAdded?(key: Key): void;
  /** A key begins to run, after so many milliseconds of waiting. */
  onStarted?(key: Key, waitedMs: number): void;
}

interface Entry {
  readonly group: string | undefined;
  readonly sinceMs: number;
}

interface Delay {
  readonly dueMs: number;
  readonly cancel: Cancel;
}

/**
 * A queue of keys. A key waits at most once and never runs twice at a time; one that is added while it runs, runs again
 * afterwards. Keys of one priority and tenant start in the order in which they became ready, and what is idle is forgotten.
 */
export class WorkQueue<Key> implements WorkQueueView<Key> {
  readonly #options: WorkQueueOptions<Key>;
  readonly #timers: Timers;
  readonly #queue = new GroupedQueue<Key>();
  readonly #waiting = new Map<Key, Entry>();
  readonly #running = new Map<Key, Entry>();
  /** Keys that were added while they run. */
  readonly #again = new Set<Key>();
  readonly #delays = new Map<Key, Delay>();
  #consumer: Subscriber<Key> | undefined;
  #isClosed = false;
  #isHandingOut = false;

  constructor(options: WorkQueueOptions<Key>) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    options.observer?.onOpened?.(this);
  }

  get waitingKeys(): readonly Key[] {
    return [...this.#waiting.keys()];
  }

  get runningMs(): ReadonlyMap<Key, number> {
    const nowMs = this.#timers.nowMs();
    return new Map([...this.#running].map(([key, { sinceMs }]) => [key, nowMs - sinceMs]));
  }

  /** Keys to run now, for one subscriber: each runs until `done` is called. Completes when the queue is closed. */
  readonly keys: Observable<Key> = new Observable((subscriber) => {
    if (this.#isClosed) {
      subscriber.complete();
      return undefined;
    }
    this.#consumer = subscriber;
    this.#handOut();
    return () => {
      this.#consumer = undefined;
    };
  });

  /** Keys that could run but for the lack of a free worker or group. */
  get waiting(): number {
    return this.#waiting.size + this.#again.size;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delays.size;
  }

  /** Queues the key up now, whatever delay it was given. */
  add(key: Key): void {
    this.#cancelDelay(key);
    if (this.#isClosed || this.#waiting.has(key) || this.#again.has(key)) return;
    this.#options.observer?.onAdded?.(key);
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#enqueue(key);
    this.#handOut();
  }

  /** Queues the key up after so many milliseconds, unless it waits already or an earlier time was asked for. */
  addAfter(key: Key, delayMs: number): void {
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    if (this.#isClosed || this.#waiting.has(key) || this.#again.has(key)) return;
    const dueMs = this.#timers.nowMs() + delayMs;
    const pending = this.#delays.get(key);
    if (pending !== undefined && pending.dueMs <= dueMs) return;
    pending?.cancel();
    this.#delays.set(key, { dueMs, cancel: this.#timers.after(delayMs, () => this.add(key)) });
  }

  /** The run of the key is over. */
  done(key: Key): void {
    const entry = this.#running.get(key);
    if (entry === undefined) return;
    this.#running.delete(key);
    // Behind the keys of its group that wait already, so that none of them starves.
    if (this.#again.delete(key)) this.#enqueue(key);
    this.#queue.release(entry.group);
    this.#handOut();
  }

  /** Drops all keys that wait, now or for their time, and takes no more. Those that run are not touched. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#delays.values()) cancel();
    this.#delays.clear();
    this.#waiting.clear();
    this.#again.clear();
    this.#queue.clear();
    this.#consumer?.complete();
  }

  #enqueue(key: Key): void {
    const { groupOf, priorityOf, tenantOf } = this.#options;
    const group = groupOf?.(key);
    this.#waiting.set(key, { group, sinceMs: this.#timers.nowMs() });
    this.#queue.push(key, group, { priority: priorityOf?.(key) ?? 'Low', tenant: tenantOf?.(key) ?? '' });
  }

  /** A loop, not a recursion, also where the consumer ends runs or adds keys synchronously. */
  #handOut(): void {
    if (this.#isHandingOut) return;
    this.#isHandingOut = true;
    while (this.#consumer !== undefined && this.#running.size < this.#options.concurrency) {
      const key = this.#queue.shift();
      if (key === undefined) break;
      this.#start(key, this.#consumer);
    }
    this.#isHandingOut = false;
  }

  #start(key: Key, consumer: Subscriber<Key>): void {
    const entry = this.#waiting.get(key);
    if (entry === undefined) return;
    this.#waiting.delete(key);
    const nowMs = this.#timers.nowMs();
    this.#running.set(key, { group: entry.group, sinceMs: nowMs });
    this.#options.observer?.onStarted?.(key, nowMs - entry.sinceMs);
    consumer.next(key);
  }

  #cancelDelay(key: Key): void {
    this.#delays.get(key)?.cancel();
    this.#delays.delete(key);
  }
}
