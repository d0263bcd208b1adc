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
import type { SslReset } from './domain/ssl-reset.ts';
import { errorPolicy } from './reconcile/error-policy.ts';
import { keyOf, refOf } from './reconcile/fleet.ts';
import { Memory } from './reconcile/memory.ts';
import type { World } from './reconcile/pass.ts';
import type { Logger, ObjectRef } from './reconcile/ports.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { controller, type Outcome } from './runtime/controller.ts';
import type { WatchEvent } from './runtime/watcher.ts';

/** An event of one namespace's watch, or of the whole cluster's where `namespace` is undefined. */
export type ResetEvent = WatchEvent<SslReset> & { readonly namespace: string | undefined };

export interface OperatorOptions {
  readonly world: Omit<World, 'wake' | 'memory'>;
  readonly events: Observable<ResetEvent>;
  /** Namespaces that `events` speaks of; none: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly concurrency: number;
  /** A logger that names the object of a pass. */
  readonly loggerOf: (ref: ObjectRef) => Logger;
}

export interface Operator {
  /** What keeps it from working; undefined: it is synced and its watches are alive. */
  notReady(): string | undefined;
  /**
   * Looks at every object anew and works, until the signal: then it takes no new work, finishes the passes in flight, and
   * resolves. What an earlier work remembered is not known to it.
   */
  work(until: AbortSignal): Promise<void>;
  /** Ends the watches, after all work. */
  stop(): void;
}

/** Watches at once, so that whoever stands by is warm. */
export function startOperator({ world, events, namespaces, concurrency, loggerOf }: OperatorOptions): Operator {
  const { fleet, logger, settings, clock, leadership } = world;
  const due = new Subject<readonly ObjectRef[]>();
  const health = new WatchHealth(namespaces.length === 0 ? [undefined] : namespaces, logger);
  const wake = (refs: readonly ObjectRef[]): void => due.next(refs);

  // The fleet takes an event in before it counts as synced: lanes are looked up as soon as passes run.
  const watches = events.subscribe((event) => {
    const refs = takeIn(event);
    health.observe(event);
    wake(refs);
  });

  return {
    notReady: () => health.problem(),

    work(until) {
      const memory = new Memory(clock);
      const known = defer(() => of(fleet.refs));
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      controller<string>({
        triggers: merge(due, known).pipe(mergeMap((refs) => from(refs.map(keyOf)))),
        synced: health.synced,
        reconcile: async (key) =>
          leadership.isLeader()
            ? reconcile(refOf(key), { ...world, memory, wake, logger: loggerOf(refOf(key)) })
            : { kind: 'RequeueAfter', delayMs: settings.retryMinMs },
        errorPolicy: (_key, error, failures) => errorPolicy(error, failures, settings),
        concurrency,
        laneOf: (key) => fleet.laneOf(key),
        shutdown: until.aborted ? of(undefined) : fromEvent(until, 'abort'),
      }).subscribe({ next: tell, error: reject, complete: resolve });
      return ended;
    },

    stop: () => watches.unsubscribe(),
  };

  function tell(outcome: Outcome<string>): void {
    if (outcome.kind !== 'Failed') return;
    const { key, error, failures } = outcome;
    loggerOf(refOf(key)).warn('A pass failed and is run again', { err: error, failures });
  }

  function takeIn(event: ResetEvent): readonly ObjectRef[] {
    switch (event.type) {
      case 'synced':
        return fleet.replace(event.objects, event.namespace);
      case 'applied':
        return fleet.apply(event.object);
      case 'deleted':
        fleet.remove(event.object.metadata);
        return [];
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
