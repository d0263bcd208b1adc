import { catchError, concat, concatWith, defer, EMPTY, mergeMap, Observable, of, repeat, tap } from 'rxjs';
import { type Backoff, backoffDelay } from './backoff.ts';
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
  /** It works again after `failed`. */
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
          return concat(of<WatchEvent<T>>({ type: 'synced', objects }), health.works());
        }),
      );

    const watch = (version: string): Observable<WatchEvent<T>> =>
      source.watch(version).pipe(
        tap((event) => {
          options.onSign?.();
          if (event.type !== 'opened') state = { kind: 'Watching', version: event.version };
        }),
        mergeMap((event) => (event.type === 'opened' ? health.works() : toWatchEvent(event))),
        concatWith(defer(() => pause(timers, health.delayAfterEnd()))),
      );

    const failed = (error: unknown): Observable<WatchEvent<T>> => {
      const isExpired = source.isExpired(error);
      if (isExpired) state = { kind: 'Listing' };
      return concat(isExpired ? EMPTY : health.fails(error), pause(timers, health.delayAfterFailure()));
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

  works(): Observable<{ readonly type: 'recovered' }> {
    this.#workingSinceMs = this.#timers.nowMs();
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
    return backoffDelay(backoff, this.#failures, random);
  }

  #livedMs(): number {
    return this.#workingSinceMs === undefined ? 0 : this.#timers.nowMs() - this.#workingSinceMs;
  }
}
