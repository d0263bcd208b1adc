/** Puts the operator together: watches fill the fleet always, and move keys into a queue of passes while it works. */
import {
  defer,
  from,
  fromEvent,
  merge,
  mergeMap,
  type Observable,
  of,
  ReplaySubject,
  Subject,
  skipWhile,
  take,
} from 'rxjs';
import { oneLine } from './domain/conditions.ts';
import { PassProblems } from './pass-problems.ts';
import { errorPolicy } from './reconcile/error-policy.ts';
import { keyOf, type Member, refOf } from './reconcile/member.ts';
import { Memory } from './reconcile/memory.ts';
import type { World } from './reconcile/pass.ts';
import type { CloudSql, ContextLogger, Logger, ObjectRef } from './reconcile/ports.ts';
import { type Action, reconcile } from './reconcile/reconcile.ts';
import { Turns } from './reconcile/turns.ts';
import { controller, type Outcome } from './runtime/controller.ts';
import type { WatchEvent } from './runtime/watcher.ts';
import type { WorkQueueObserver } from './runtime/work-queue.ts';

/** An event of one namespace's watch, or of the whole cluster's where `namespace` is undefined. */
export type ResetEvent = WatchEvent<Member> & { readonly namespace: string | undefined };

/** What a pass has besides what the watches have. */
type WhatWorkNeeds = Pick<World, 'wake' | 'memory' | 'turns' | 'cloudSql'>;

export interface OperatorOptions {
  readonly world: Omit<World, keyof WhatWorkNeeds>;
  readonly events: Observable<ResetEvent>;
  /** Namespaces that `events` speaks of; none: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly concurrency: number;
  /** A logger for one pass, that names it and its object. */
  readonly loggerOf: (ref: ObjectRef) => ContextLogger;
  readonly observer?: OperatorObserver | undefined;
  /** Runs each pass, and is told in its course what becomes of it. */
  readonly traced?: ((pass: () => Promise<Action>) => Promise<Action>) | undefined;
}

/** For metrics. */
export interface OperatorObserver {
  readonly queue: WorkQueueObserver;
  passed(outcome: Outcome<string>): void;
}

export interface Operator {
  /** Resolves when a list came or failed for the first time, and its watch is asked for. */
  readonly looked: Promise<void>;
  /** What keeps it from knowing the objects; undefined: they are listed, and its watches are alive. */
  notWatching(): string | undefined;
  /** What the API server does not let it do for one of the objects. */
  refused(): string | undefined;
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
  const { world, events, namespaces, concurrency, loggerOf, observer, traced = (run) => run() } = options;
  const { fleet, logger, settings, clock, leadership } = world;
  const due = new Subject<readonly ObjectRef[]>();
  const health = new WatchHealth(namespaces.length === 0 ? [undefined] : namespaces, logger);
  let problems = new PassProblems();
  const wake = (refs: readonly ObjectRef[]): void => due.next(refs);
  const { promise: looked, resolve: look } = Promise.withResolvers<void>();

  // The fleet takes an event in before it counts as synced: lanes are looked up as soon as passes run.
  const watches = events.subscribe((event) => {
    const refs = takeIn(event);
    health.observe(event);
    wake(refs);
    setImmediate(look);
  });

  return {
    looked,

    notWatching: () => health.problem(),
    refused: () => problems.problem(),

    work(until, cloudSql) {
      const needs = { wake, cloudSql, memory: new Memory(clock), turns: new Turns(cloudSql, wake) };
      const { turns } = needs;
      problems = new PassProblems();
      const known = defer(() => of(fleet.due));
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      controller<string>({
        triggers: merge(due, known).pipe(mergeMap((refs) => from(refs.map(keyOf)))),
        synced: health.synced,
        reconcile: async (key) =>
          leadership.isLeader()
            ? traced(() => pass(key, needs))
            : { kind: 'RequeueAfter', delayMs: settings.retryMinMs },
        errorPolicy: (_key, error, failures) => errorPolicy(error, failures, settings),
        concurrency,
        laneOf: (key) => fleet.laneOf(key),
        groupOf: (key) => refOf(key).namespace,
        isUrgent: (key) => fleet.isUnderWay(key) || turns.waitingFor(refOf(key)) !== undefined,
        shutdown: until.aborted ? of(undefined) : fromEvent(until, 'abort'),
        observer: observer?.queue,
      }).subscribe({ next: (outcome) => observer?.passed(outcome), error: reject, complete: resolve });
      return ended.finally(() => {
        turns.close();
        problems = new PassProblems();
      });
    },

    stop: () => watches.unsubscribe(),
  };

  async function pass(key: string, needs: WhatWorkNeeds): Promise<Action> {
    const log = loggerOf(refOf(key));
    try {
      const action = await reconcile(refOf(key), { ...world, ...needs, logger: log });
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
        return fleet.replace(event.objects, event.namespace);
      case 'applied':
        return fleet.take(event.object);
      case 'deleted':
        return fleet.remove(event.object.key);
      case 'failed':
      case 'recovered':
        return [];
    }
  }
}

type Watch = string | undefined;

/** Which watches have listed, and which cannot work at the moment. */
class WatchHealth {
  readonly #unsynced: Set<Watch>;
  readonly #problems = new Map<Watch, string>();
  readonly #logger: Logger;
  readonly #syncs = new ReplaySubject<boolean>(1);

  constructor(watches: readonly Watch[], logger: Logger) {
    this.#unsynced = new Set(watches);
    this.#logger = logger;
  }

  /** Completes when every watch has listed once. */
  get synced(): Observable<boolean> {
    return this.#syncs.pipe(
      skipWhile((isSynced) => !isSynced),
      take(1),
    );
  }

  observe(event: ResetEvent): void {
    const { namespace } = event;
    if (event.type === 'failed') this.#fail(namespace, event.error);
    if (event.type === 'recovered') this.#recover(namespace);
    if (event.type !== 'synced' || !this.#unsynced.delete(namespace)) return;
    this.#logger.info('CloudSqlSslResets are listed and watched', { namespace, objects: event.objects.length });
    this.#syncs.next(this.#unsynced.size === 0);
  }

  problem(): string | undefined {
    const [problem] = this.#problems.values();
    return problem ?? (this.#unsynced.size > 0 ? 'the CloudSqlSslResets are not listed yet' : undefined);
  }

  #fail(namespace: Watch, error: unknown): void {
    const message = oneLine(error instanceof Error ? error.message : String(error));
    this.#problems.set(namespace, `CloudSqlSslResets cannot be watched: ${message}`);
    this.#logger.error('CloudSqlSslResets cannot be watched; it is tried again', { namespace, err: error });
  }

  #recover(namespace: Watch): void {
    this.#problems.delete(namespace);
    this.#logger.info('CloudSqlSslResets are watched again', { namespace });
  }
}
