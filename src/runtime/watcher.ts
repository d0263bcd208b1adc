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
import { pause, systemTimers, type Timers } from './timers.ts';
import { type WatchPolicy, WatchRetries } from './watch-retries.ts';

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

export interface WatcherOptions extends WatchPolicy {
  /** Called at each sign of life: a try, an event, a failure. */
  readonly onSign?: (() => void) | undefined;
  readonly timers?: Timers | undefined;
}

/** An API server that takes a watch with 200 says on the stream, at once, that it does not go so far back. */
const ACCEPTED_MS = 1_000;

type State = { readonly kind: 'Listing' } | { readonly kind: 'Watching'; readonly version: string };

/** Lists, then watches, forever: a failure costs one back-off, never the stream, and a list only where it must. */
export function watcher<T>(source: ListWatchSource<T>, options: WatcherOptions): Observable<WatchEvent<T>> {
  return defer(() => {
    const timers = options.timers ?? systemTimers;
    const retries = new WatchRetries(options, timers);
    let state: State = { kind: 'Listing' };

    const list = (): Observable<WatchEvent<T>> =>
      abortable((signal) => source.list(signal)).pipe(
        mergeMap(({ objects, version }) => {
          state = { kind: 'Watching', version };
          return concat(of<WatchEvent<T>>({ type: 'synced', objects }), retries.listed());
        }),
      );

    /** A silent server has nothing to report, once it has not refused the version either. */
    const works = (events: Observable<SourceEvent<T>>): Observable<WatchEvent<T>> =>
      events.pipe(
        filter(({ type }) => type === 'opened'),
        mergeMap(() =>
          concat(
            pause(timers, ACCEPTED_MS),
            defer(() => retries.works()),
          ),
        ),
        takeUntil(events.pipe(ignoreElements(), endWith(undefined))),
      );

    const watch = (version: string): Observable<WatchEvent<T>> =>
      source.watch(version).pipe(
        tap((event) => {
          options.onSign?.();
          if (event.type === 'opened') retries.accepted();
          else state = { kind: 'Watching', version: event.version };
        }),
        connect((events) => merge(events.pipe(mergeMap(told)), works(events))),
        concatWith(defer(() => pause(timers, retries.delayAfterEnd()))),
      );

    const told = (event: SourceEvent<T>): Observable<WatchEvent<T>> => {
      switch (event.type) {
        case 'opened':
          return EMPTY;
        case 'bookmark':
          return retries.works();
        case 'applied':
        case 'deleted':
          return concat(of<WatchEvent<T>>({ type: event.type, object: event.object }), retries.works());
      }
    };

    const failed = (error: unknown): Observable<WatchEvent<T>> => {
      if (state.kind === 'Listing' || !source.isExpired(error)) {
        return concat(retries.fails(error), pause(timers, retries.delayAfterFailure()));
      }
      state = { kind: 'Listing' };
      return pause(timers, retries.delayAfterExpiry());
    };

    return defer(() => {
      options.onSign?.();
      retries.begin();
      return state.kind === 'Listing' ? list() : watch(state.version);
    }).pipe(catchError(failed), repeat());
  });
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
