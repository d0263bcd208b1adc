import {
  catchError,
  concat,
  defer,
  finalize,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  shareReplay,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import type { Action } from '../lib/action.ts';
import type { Priority } from '../lib/priority.ts';
import { systemTimers, type Timers } from './timers.ts';
import { WorkQueue, type WorkQueueObserver } from './work-queue.ts';

/** What came of one run of a key. */
export type Outcome<Key> =
  | { readonly kind: 'Reconciled'; readonly key: Key; readonly action: Action; readonly durationMs: number }
  | {
      readonly kind: 'Failed';
      readonly key: Key;
      readonly action: Action;
      readonly durationMs: number;
      readonly error: unknown;
      /** Failures in a row, this one included. */
      readonly failures: number;
    };

export interface ControllerOptions<Key> {
  /** Each key asks for a run. An error here is the only one that ends the controller. */
  readonly triggers: Observable<Key>;
  /** Completes when everything that `reconcile` and `groupOf` look up is filled; nothing runs before. */
  readonly synced: Observable<unknown>;
  readonly reconcile: (key: Key) => Promise<Action>;
  /** What follows a failure; `failures` counts those in a row, this one included. It must not throw. */
  readonly errorPolicy: (key: Key, error: unknown, failures: number) => Action;
  readonly concurrency: number;
  /** These three as of `WorkQueueOptions`. */
  readonly groupOf?: ((key: Key) => string | undefined) | undefined;
  readonly priorityOf?: ((key: Key) => Priority) | undefined;
  readonly tenantOf?: ((key: Key) => string) | undefined;
  /** Its first element ends the controller. */
  readonly shutdown: Observable<unknown>;
  readonly observer?: WorkQueueObserver<Key> | undefined;
  readonly timers?: Timers | undefined;
}

/**
 * Runs `reconcile` for the keys that triggers ask for, until `shutdown`: then keys that only wait are dropped, runs in
 * flight are finished, and it completes.
 */
export function controller<Key>(options: ControllerOptions<Key>): Observable<Outcome<Key>> {
  return defer(() => {
    const queue = new WorkQueue<Key>(options);
    const attempt = attempts(options);
    const shutdown = options.shutdown.pipe(
      take(1),
      tap(() => queue.close()),
      shareReplay(1),
    );
    const feed = options.triggers.pipe(
      takeUntil(shutdown),
      tap((key) => queue.add(key)),
      ignoreElements(),
    );
    const run = (key: Key): Observable<Outcome<Key>> =>
      attempt(key).pipe(
        tap(({ action }) => {
          if (action.kind === 'RequeueAfter') queue.addAfter(key, action.delayMs);
        }),
        finalize(() => queue.done(key)),
      );
    // The queue bounds the concurrency: mergeMap must not buffer keys, it would run them after the end.
    const work = concat(options.synced.pipe(ignoreElements(), takeUntil(shutdown)), queue.keys).pipe(mergeMap(run));
    return merge(feed, work).pipe(finalize(() => queue.close()));
  });
}

/** One run of a key as a value, never an error; counts failures in a row. */
function attempts<Key>({
  reconcile,
  errorPolicy,
  timers = systemTimers,
}: ControllerOptions<Key>): (key: Key) => Observable<Outcome<Key>> {
  const failuresOf = new Map<Key, number>();

  return (key) => {
    const startMs = timers.nowMs();
    return defer(() => reconcile(key)).pipe(
      map((action): Outcome<Key> => {
        failuresOf.delete(key);
        return { kind: 'Reconciled', key, action, durationMs: timers.nowMs() - startMs };
      }),
      catchError((error: unknown) => {
        const failures = (failuresOf.get(key) ?? 0) + 1;
        const action = errorPolicy(key, error, failures);
        // Nothing will retry it: a later change starts over, and a key that is gone leaves nothing behind.
        if (action.kind === 'AwaitChange') failuresOf.delete(key);
        else failuresOf.set(key, failures);
        return of<Outcome<Key>>({ kind: 'Failed', key, action, durationMs: timers.nowMs() - startMs, error, failures });
      }),
    );
  };
}
