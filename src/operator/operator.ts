/** Puts the operator together: watches fill the index always, and move keys into a queue of passes while it works. */
import { defer, fromEvent, merge, mergeMap, type Observable, of, Subject } from 'rxjs';
import { type Action, awaitChange, requeueAfter } from '../lib/action.ts';
import { type Key, kindOf, namespaceOf, refOf } from '../lib/key.ts';
import type { Problem } from '../observability/health.ts';
import { CallQueue } from '../reconcile/call-queue.ts';
import type { CloudSql, RotationCalls } from '../reconcile/cloud-sql-port.ts';
import { errorPolicy } from '../reconcile/error-policy.ts';
import { Memory } from '../reconcile/memory.ts';
import type { Context } from '../reconcile/pass.ts';
import type { ContextLogger, ObjectRef } from '../reconcile/ports.ts';
import type { ServerCaContext } from '../reconcile/server-ca/context.ts';
import { Looks } from '../reconcile/server-ca/looks.ts';
import { controller, type Outcome } from '../runtime/controller.ts';
import type { WorkQueueObserver } from '../runtime/work-queue.ts';
import { PassProblems } from './pass-problems.ts';
import { type ObjectEvent, WatchHealth } from './watch-health.ts';

/** What a pass has besides what the watches have. */
export type PassNeeds = Pick<
  ServerCaContext,
  'wake' | 'memory' | 'looks' | 'callQueue' | 'cloudSql' | 'ending' | 'logger'
>;

/** A kind of objects, as far as the operator must know it. */
export interface OperatedKind {
  readonly name: string;
  readonly watchEvents: Observable<ObjectEvent>;
  /** One pass. */
  readonly reconcile: (ref: ObjectRef, needs: PassNeeds) => Promise<Action>;
}

export interface OperatorOptions extends Pick<Context, 'logger' | 'settings' | 'clock' | 'leadership'> {
  readonly kinds: readonly OperatedKind[];
  /** One over all kinds. */
  readonly index: Pick<Context['index'], 'take' | 'remove' | 'replace' | 'groupOf' | 'priorityOf' | 'due'>;
  /** Namespaces that the watches speak of; none: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly concurrency: number;
  /** A logger for one pass, that names it and its object. */
  readonly loggerOf: (key: Key) => ContextLogger;
  readonly observer?: OperatorObserver | undefined;
  /** Runs each pass, and learns in its course what becomes of it. */
  readonly aroundPass?: ((pass: () => Promise<Action>) => Promise<Action>) | undefined;
}

/** For metrics. */
export interface OperatorObserver {
  readonly queue: WorkQueueObserver<Key>;
  onPassed(outcome: Outcome<Key>): void;
}

export interface Operator {
  /** Resolves when a list came or failed for the first time, and its watch is asked for. */
  readonly looked: Promise<void>;
  /** What keeps it from knowing the objects; undefined: they are listed, and its watches are alive. */
  notWatching(): Problem | undefined;
  /** Each namespace, undefined for all, and whether its objects of every kind are listed and watched. */
  watched(): readonly { readonly namespace: string | undefined; readonly isWatched: boolean }[];
  /** What passes fail by that is in no status, as what the API server does not let it do for one of the objects. */
  refused(): Problem | undefined;
  /**
   * Looks at every object for which something may be to do and works, until the signal: then it takes no new work, finishes the passes in flight, and
   * resolves. What an earlier work remembered is not known to it.
   */
  work(until: AbortSignal, cloudSql: CloudSql & RotationCalls): Promise<void>;
  /** Ends the watches, after all work. */
  stop(): void;
}

/** Watches at once, so that a replica that stands by is warm. */
export function startOperator(options: OperatorOptions): Operator {
  const { index, logger, settings, clock, leadership, namespaces, concurrency, loggerOf, observer } = options;
  const { aroundPass = (run) => run() } = options;
  const kinds = new Map(options.kinds.map((kind) => [kind.name, kind]));
  const due = new Subject<readonly Key[]>();
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  let problems = new PassProblems(namespaces);
  const wake = (keys: readonly Key[]): void => due.next(keys);
  const { promise: looked, resolve: look } = Promise.withResolvers<void>();

  // The index takes an event in before it counts as synced: groups are looked up as soon as passes run.
  const healths: WatchHealth[] = [];
  const watches = options.kinds.map(({ name, watchEvents }) => {
    const health = new WatchHealth(name, scopes, logger);
    healths.push(health);
    const subscription = watchEvents.subscribe((event) => {
      const keys = takeIn(name, event);
      health.observe(event);
      settleRefused();
      wake(keys);
      setImmediate(look);
    });
    return { health, subscription };
  });

  return {
    looked,

    notWatching: () => watches.map(({ health }) => health.problem()).reduce(worse, undefined),
    watched: () =>
      scopes.map((namespace) => ({ namespace, isWatched: watches.every(({ health }) => health.isWatched(namespace)) })),
    refused: () => problems.problem(),

    work(until, cloudSql) {
      const callQueue = new CallQueue(cloudSql, wake);
      const looks = new Looks(clock, settings.serverCaResyncMs);
      const needs = { wake, cloudSql, memory: new Memory(clock), looks, callQueue, ending: until };
      problems = new PassProblems(namespaces);
      const known = defer(() => of(index.due));
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      controller<Key>({
        triggers: merge(due, known).pipe(mergeMap((keys) => keys)),
        synced: merge(...watches.map(({ health }) => health.synced)),
        reconcile: async (key) =>
          leadership.isLeader() ? aroundPass(() => pass(key, needs)) : requeueAfter(settings.retryMinMs),
        errorPolicy: (_key, error, failures) => errorPolicy(error, failures, settings),
        concurrency,
        groupOf: (key) => index.groupOf(key),
        priorityOf: (key) => (callQueue.slotOf(key) === undefined ? index.priorityOf(key) : 'High'),
        tenantOf: namespaceOf,
        shutdown: until.aborted ? of(undefined) : fromEvent(until, 'abort'),
        observer: observer?.queue,
      }).subscribe({ next: (outcome) => observer?.onPassed(outcome), error: reject, complete: resolve });
      return ended.finally(() => {
        callQueue.close();
        problems = new PassProblems(namespaces);
      });
    },

    stop() {
      for (const { health, subscription } of watches) {
        subscription.unsubscribe();
        health.stop();
      }
    },
  };

  /** A kind that may not be listed at all keeps no other kind from its work. */
  function settleRefused(): void {
    if (!healths.some(({ hasListed }) => hasListed)) return;
    for (const health of healths) if (health.isRefused) health.goWithout();
  }

  async function pass(key: Key, needs: Omit<PassNeeds, 'logger'>): Promise<Action> {
    const log = loggerOf(key);
    try {
      const action = await kinds.get(kindOf(key))?.reconcile(refOf(key), { ...needs, logger: log });
      problems.succeeded(key);
      return action ?? awaitChange();
    } catch (error) {
      problems.failed(key, error, log);
      throw error;
    }
  }

  function takeIn(kind: string, event: ObjectEvent): readonly Key[] {
    switch (event.type) {
      case 'synced':
        return index.replace(kind, event.objects, event.namespace);
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

/** What keeps all of the work up comes before what does so in part. */
function worse(one: Problem | undefined, other: Problem | undefined): Problem | undefined {
  if (one === undefined || typeof one === 'string') return one ?? other;
  if (other === undefined || typeof other === 'string') return other ?? one;
  return { inPart: `${one.inPart}; ${other.inPart}` };
}
