/** Puts the operator together: watches fill the index always, and move keys into a queue of passes while it works. */
import { defer, from, fromEvent, merge, mergeMap, type Observable, of, ReplaySubject, Subject, take } from 'rxjs';
import { isKubernetesError } from './domain/errors.ts';
import type { Action } from './lib/action.ts';
import { oneLine } from './lib/one-line.ts';
import type { Problem } from './observability/health.ts';
import { PassProblems } from './pass-problems.ts';
import { CallQueue } from './reconcile/call-queue.ts';
import { errorPolicy } from './reconcile/error-policy.ts';
import { type IndexedReset, keyOf, refOf } from './reconcile/indexed-reset.ts';
import { Memory } from './reconcile/memory.ts';
import type { Context } from './reconcile/pass.ts';
import type { CloudSql, ContextLogger, Logger, ObjectRef } from './reconcile/ports.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { controller, type Outcome } from './runtime/controller.ts';
import type { WatchEvent } from './runtime/watcher.ts';
import type { WorkQueueObserver } from './runtime/work-queue.ts';

/** An event of one namespace's watch, or of the whole cluster's where `namespace` is undefined. */
export type ResetEvent = WatchEvent<IndexedReset> & { readonly namespace: string | undefined };

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

type Watch = string | undefined;

/** How long the objects that are listed wait for those that cannot be, where it may pass by itself. */
const LISTING_PATIENCE_MS = 60_000;

/** Which watches have listed, and which cannot work at the moment. */
class WatchHealth {
  readonly #watches: readonly Watch[];
  readonly #unsynced: Set<Watch>;
  readonly #problems = new Map<Watch, string>();
  /** Those of the problems that only a person can put right. */
  readonly #refused = new Set<Watch>();
  readonly #logger: Logger;
  readonly #settled = new ReplaySubject<void>(1);
  #alarm: NodeJS.Timeout | undefined;

  constructor(watches: readonly Watch[], logger: Logger) {
    this.#watches = watches;
    this.#unsynced = new Set(watches);
    this.#logger = logger;
  }

  /**
   * Completes when every watch has listed once, or is refused by the API server while others have listed: whoever takes a
   * right away from the operator in one namespace stops it there alone.
   */
  get synced(): Observable<void> {
    return this.#settled.pipe(take(1));
  }

  observe(event: ResetEvent): void {
    const { namespace } = event;
    if (event.type === 'failed') this.#fail(namespace, event.error);
    if (event.type === 'recovered') this.#recover(namespace);
    if (event.type === 'synced' && this.#unsynced.delete(namespace)) {
      this.#logger.info('CloudSqlSslResets are listed and watched', { namespace, objects: event.objects.length });
    }
    this.#settle(event);
  }

  /** In part where some namespaces are watched: the others must not keep a pod, or its successor, from being ready. */
  problem(): Problem | undefined {
    const problems = [...this.#problems];
    const unlisted = [...this.#unsynced].filter((watch) => !this.#problems.has(watch));
    if (problems.length + unlisted.length === this.#watches.length) {
      return problems[0]?.[1] ?? 'the CloudSqlSslResets have not been listed yet';
    }
    if (unlisted.length > 0) return 'the CloudSqlSslResets have not been listed yet';
    if (problems.length === 0) return undefined;
    return { inPart: oneLine(problems.map(([watch, problem]) => `namespace ${watch}: ${problem}`).join('; ')) };
  }

  /** Whether each watch has listed and works. */
  get watched(): readonly { readonly namespace: Watch; readonly isWatched: boolean }[] {
    return this.#watches.map((namespace) => ({
      namespace,
      isWatched: !this.#unsynced.has(namespace) && !this.#problems.has(namespace),
    }));
  }

  stop(): void {
    clearTimeout(this.#alarm);
  }

  #settle(event: ResetEvent): void {
    if (this.#unsynced.size === this.#watches.length) return;
    if ([...this.#unsynced].every((watch) => this.#refused.has(watch))) this.#settled.next();
    if (event.type === 'synced') this.#alarm ??= setTimeout(() => this.#settled.next(), LISTING_PATIENCE_MS).unref();
  }

  #fail(namespace: Watch, error: unknown): void {
    const message = oneLine(error instanceof Error ? error.message : String(error));
    this.#problems.set(namespace, `CloudSqlSslResets cannot be watched: ${message}`);
    if (isKubernetesError(error, 'Forbidden', 'Refused', 'NotFound')) this.#refused.add(namespace);
    this.#logger.error('CloudSqlSslResets cannot be watched; retrying', { namespace, err: error });
  }

  #recover(namespace: Watch): void {
    this.#problems.delete(namespace);
    this.#refused.delete(namespace);
    this.#logger.info('CloudSqlSslResets are watched again', { namespace });
  }
}
