import {
  catchError,
  concat,
  concatWith,
  connect,
  defer,
  EMPTY,
  endWith,
  filter,
  ignoreElements,
  merge,
  mergeMap,
  Observable,
  of,
  repeat,
  takeUntil,
  tap,
} from 'rxjs';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import { pause, systemTimers, type Timers } from './timers.ts';

/** The full set at a version from which a watch can go on. */
export interface Listed<T> {
  readonly objects: readonly T[];
  readonly version: string;
}

export type SourceEvent<T> =
  /** The server has accepted the watch. */
  | { readonly type: 'opened' }
  | { readonly type: 'applied'; readonly object: T; readonly version: string }
  | { readonly type: 'deleted'; readonly object: T; readonly version: string }
  /** Nothing but a newer version to go on from. */
  | { readonly type: 'bookmark'; readonly version: string };

export interface ListWatchSource<T> {
  list(signal: AbortSignal): Promise<Listed<T>>;
  /** Completes when the server ends the watch, or when it has been silent for too long; fails on everything else. */
  watch(version: string): Observable<SourceEvent<T>>;
  /** Whether the error means that no watch can go on from this version any more. */
  isExpired(error: unknown): boolean;
}

export type WatchEvent<T> =
  /** The full set: anything that is not in it is gone. */
  | { readonly type: 'synced'; readonly objects: readonly T[] }
  | { readonly type: 'applied'; readonly object: T }
  | { readonly type: 'deleted'; readonly object: T }
  /** It cannot list or watch, and keeps trying. Said once, and again only when the message changes. */
  | { readonly type: 'failed'; readonly error: unknown }
  /** It works again after `failed`: nothing that has changed meanwhile is still to be listed. */
  | { readonly type: 'recovered' };

export interface WatcherOptions {
  readonly backoff: Backoff;
  /** A watch that lived this long, in milliseconds, ends a row of failures. */
  readonly healthyAfterMs: number;
  /** Told of each sign of life: a try, an event, a failure. */
  readonly onSign?: (() => void) | undefined;
  readonly random?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
}

/** An API server that takes a watch with 200 says on the stream, at once, that it does not go so far back. */
const ACCEPTED_MS = 1_000;

type State = { readonly kind: 'Listing' } | { readonly kind: 'Watching'; readonly version: string };

/** Lists, then watches, forever: a failure costs one back-off, never the stream, and a list only where it must. */
export function watcher<T>(source: ListWatchSource<T>, options: WatcherOptions): Observable<WatchEvent<T>> {
  return defer(() => {
    const timers = options.timers ?? systemTimers;
    const health = new Health(options, timers);
    let state: State = { kind: 'Listing' };

    const list = (): Observable<WatchEvent<T>> =>
      abortable((signal) => source.list(signal)).pipe(
        mergeMap(({ objects, version }) => {
          state = { kind: 'Watching', version };
          return concat(of<WatchEvent<T>>({ type: 'synced', objects }), health.listed());
        }),
      );

    /** A server that is silent has nothing to tell, once it has not refused the version either. */
    const works = (events: Observable<SourceEvent<T>>): Observable<WatchEvent<T>> =>
      events.pipe(
        filter(({ type }) => type === 'opened'),
        mergeMap(() =>
          concat(
            pause(timers, ACCEPTED_MS),
            defer(() => health.works()),
          ),
        ),
        takeUntil(events.pipe(ignoreElements(), endWith(undefined))),
      );

    const watch = (version: string): Observable<WatchEvent<T>> =>
      source.watch(version).pipe(
        tap((event) => {
          options.onSign?.();
          if (event.type === 'opened') health.accepted();
          else state = { kind: 'Watching', version: event.version };
        }),
        connect((events) => merge(events.pipe(mergeMap(told)), works(events))),
        concatWith(defer(() => pause(timers, health.delayAfterEnd()))),
      );

    const told = (event: SourceEvent<T>): Observable<WatchEvent<T>> =>
      event.type === 'opened' ? EMPTY : concat(toWatchEvent(event), health.works());

    const failed = (error: unknown): Observable<WatchEvent<T>> => {
      if (state.kind === 'Listing' || !source.isExpired(error)) {
        return concat(health.fails(error), pause(timers, health.delayAfterFailure()));
      }
      state = { kind: 'Listing' };
      return pause(timers, health.delayAfterExpiry());
    };

    return defer(() => {
      options.onSign?.();
      health.begin();
      return state.kind === 'Listing' ? list() : watch(state.version);
    }).pipe(catchError(failed), repeat());
  });
}

function toWatchEvent<T>(event: Exclude<SourceEvent<T>, { readonly type: 'opened' }>): Observable<WatchEvent<T>> {
  switch (event.type) {
    case 'applied':
    case 'deleted':
      return of({ type: event.type, object: event.object });
    case 'bookmark':
      return EMPTY;
  }
}

/** A promise as an observable that aborts it when nobody listens any more. */
const abortable = <R>(start: (signal: AbortSignal) => Promise<R>): Observable<R> =>
  new Observable((subscriber) => {
    const abort = new AbortController();
    start(abort.signal).then(
      (value) => {
        subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => abort.abort();
  });

/** How long to wait before the next try, and what is news about the state of things. */
class Health {
  readonly #options: WatcherOptions;
  readonly #timers: Timers;
  #failures = 0;
  /** Versions that were too old, in a row. */
  #expiries = 0;
  /** The failure that was told last and is not over. */
  #told: string | undefined;
  /** When the server last accepted what is tried now. */
  #workingSinceMs: number | undefined;

  constructor(options: WatcherOptions, timers: Timers) {
    this.#options = options;
    this.#timers = timers;
  }

  begin(): void {
    this.#workingSinceMs = undefined;
  }

  /** The server has taken the watch, but may still say that it does not go so far back. */
  accepted(): void {
    this.#workingSinceMs = this.#timers.nowMs();
  }

  listed(): Observable<{ readonly type: 'recovered' }> {
    this.#failures = 0;
    return this.works();
  }

  works(): Observable<{ readonly type: 'recovered' }> {
    if (this.#told === undefined) return EMPTY;
    this.#told = undefined;
    return of({ type: 'recovered' });
  }

  fails(error: unknown): Observable<{ readonly type: 'failed'; readonly error: unknown }> {
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#told) return EMPTY;
    this.#told = message;
    return of({ type: 'failed', error });
  }

  /** A server that ends every watch at once must not be asked in a loop. */
  delayAfterEnd(): number {
    return this.#livedMs() < this.#options.backoff.minMs ? this.delayAfterFailure() : 0;
  }

  delayAfterFailure(): number {
    const { backoff, healthyAfterMs, random } = this.#options;
    this.#failures = this.#livedMs() >= healthyAfterMs ? 1 : this.#failures + 1;
    // A failure meets the watches of all replicas at once: one step ahead, so that chance spreads the first delay too.
    return backoffMs(backoff, this.#failures + 1, random);
  }

  /** None after the first one: it is no failure. A server that refuses what it has just listed must not be asked in a loop. */
  delayAfterExpiry(): number {
    const { backoff, healthyAfterMs, random } = this.#options;
    this.#expiries = this.#livedMs() >= healthyAfterMs ? 1 : this.#expiries + 1;
    return this.#expiries === 1 ? 0 : backoffMs(backoff, this.#expiries - 1, random);
  }

  #livedMs(): number {
    return this.#workingSinceMs === undefined ? 0 : this.#timers.nowMs() - this.#workingSinceMs;
  }
}
