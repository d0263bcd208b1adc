/** Puts the operator together: watches fill the index always, and move keys into a queue of passes while it works. */
import { defer, from, fromEvent, merge, mergeMap, type Observable, of, Subject } from 'rxjs';
import type { Action } from '../lib/action.ts';
import type { Problem } from '../observability/health.ts';
import { CallQueue } from '../reconcile/call-queue.ts';
import { errorPolicy } from '../reconcile/error-policy.ts';
import { keyOf, refOf } from '../reconcile/indexed-reset.ts';
import { Memory } from '../reconcile/memory.ts';
import type { Context } from '../reconcile/pass.ts';
import type { CloudSql, ContextLogger, ObjectRef } from '../reconcile/ports.ts';
import { reconcile } from '../reconcile/reconcile.ts';
import { controller, type Outcome } from '../runtime/controller.ts';
import type { WorkQueueObserver } from '../runtime/work-queue.ts';
import { PassProblems } from './pass-problems.ts';
import { type ResetEvent, WatchHealth } from './watch-health.ts';

/** What a pass has besides what the watches have. */
type WhatWorkNeeds = Pick<Context, 'wake' | 'memory' | 'callQueue' | 'cloudSql' | 'ending'>;

export interface OperatorOptions {
  readonly context: Omit<Context, keyof WhatWorkNeeds>;
  readonly watchEvents: Observable<ResetEvent>;
  /** Namespaces that `watchEvents` speaks of; none: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly concurrency: number;
  /** A logger for one pass, that names it and its object. */
  readonly loggerOf: (ref: ObjectRef) => ContextLogger;
  readonly observer?: OperatorObserver | undefined;
  /** Runs each pass, and is told in its course what becomes of it. */
  readonly aroundPass?: ((pass: () => Promise<Action>) => Promise<Action>) | undefined;
}

/** For metrics. */
export interface OperatorObserver {
  readonly queue: WorkQueueObserver;
  onPassed(outcome: Outcome<string>): void;
}

export interface Operator {
  /** Resolves when a list came or failed for the first time, and its watch is asked for. */
  readonly looked: Promise<void>;
  /** What keeps it from knowing the objects; undefined: they are listed, and its watches are alive. */
  notWatching(): Problem | undefined;
  /** Each namespace, undefined for all, and whether its objects are listed and watched. */
  watched(): readonly { readonly namespace: string | undefined; readonly isWatched: boolean }[];
  /** What passes fail by that is in no status, as what the API server does not let it do for one of the objects. */
  refused(): Problem | undefined;
  /**
   * Looks at every object for which something may be to do and works, until the signal: then it takes no new work, finishes the passes in flight, and
   * resolves. What an earlier work remembered is not known to it.
   */
  work(until: AbortSignal, cloudSql: CloudSql): Promise<void>;
  /** Ends the watches, after all work. */
  stop(): void;
}

/** Watches at once, so that whoever stands by is warm. */
export function startOperator(options: OperatorOptions): Operator {
  const { context, watchEvents, namespaces, concurrency, loggerOf, observer, aroundPass = (run) => run() } = options;
  const { index, logger, settings, clock, leadership } = context;
  const due = new Subject<readonly ObjectRef[]>();
  const health = new WatchHealth(namespaces.length === 0 ? [undefined] : namespaces, logger);
  let problems = new PassProblems(namespaces);
  const wake = (refs: readonly ObjectRef[]): void => due.next(refs);
  const { promise: looked, resolve: look } = Promise.withResolvers<void>();

  // The index takes an event in before it counts as synced: groups are looked up as soon as passes run.
  const watches = watchEvents.subscribe((event) => {
    const refs = takeIn(event);
    health.observe(event);
    wake(refs);
    setImmediate(look);
  });

  return {
    looked,

    notWatching: () => health.problem(),
    watched: () => health.watched,
    refused: () => problems.problem(),

    work(until, cloudSql) {
      const callQueue = new CallQueue(cloudSql, wake);
      const needs = { wake, cloudSql, memory: new Memory(clock), callQueue, ending: until };
      problems = new PassProblems(namespaces);
      const known = defer(() => of(index.due));
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      controller<string>({
        triggers: merge(due, known).pipe(mergeMap((refs) => from(refs.map(keyOf)))),
        synced: health.synced,
        reconcile: async (key) =>
          leadership.isLeader()
            ? aroundPass(() => pass(key, needs))
            : { kind: 'RequeueAfter', delayMs: settings.retryMinMs },
        errorPolicy: (_key, error, failures) => errorPolicy(error, failures, settings),
        concurrency,
        groupOf: (key) => index.groupOf(key),
        priorityOf: (key) => (callQueue.slotOf(refOf(key)) === undefined ? index.priorityOf(key) : 'High'),
        tenantOf: (key) => refOf(key).namespace,
        shutdown: until.aborted ? of(undefined) : fromEvent(until, 'abort'),
        observer: observer?.queue,
      }).subscribe({ next: (outcome) => observer?.onPassed(outcome), error: reject, complete: resolve });
      return ended.finally(() => {
        callQueue.close();
        problems = new PassProblems(namespaces);
      });
    },

    stop() {
      watches.unsubscribe();
      health.stop();
    },
  };

  async function pass(key: string, needs: WhatWorkNeeds): Promise<Action> {
    const log = loggerOf(refOf(key));
    try {
      const action = await reconcile(refOf(key), { ...context, ...needs, logger: log });
      problems.succeeded(key);
      return action;
    } catch (error) {
      problems.failed(key, error, log);
      throw error;
    }
  }

  function takeIn(event: ResetEvent): readonly ObjectRef[] {
    switch (event.type) {
      case 'synced':
        return index.replace(event.objects, event.namespace);
      case 'applied':
        return index.take(event.object);
      case 'deleted':
        return index.remove(event.object.key);
      case 'failed':
      case 'recovered':
        return [];
    }
  }
}
