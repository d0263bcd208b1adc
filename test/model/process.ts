import { calendar } from '../../src/calendar/calendar.ts';
import { isKubernetesError } from '../../src/domain/errors.ts';
import { KIND as SERVER_CA } from '../../src/domain/server-ca/server-ca-object.ts';
import type { Action } from '../../src/lib/action.ts';
import { type Key, kindOf, refOf } from '../../src/lib/key.ts';
import { CallQueue } from '../../src/reconcile/call-queue.ts';
import { errorPolicy } from '../../src/reconcile/error-policy.ts';
import { indexedOfAnyKind } from '../../src/reconcile/indexed.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import { ObjectIndex } from '../../src/reconcile/object-index.ts';
import type { Context } from '../../src/reconcile/pass.ts';
import type { ContextLogger } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { ServerCaContext } from '../../src/reconcile/server-ca/context.ts';
import { Looks } from '../../src/reconcile/server-ca/looks.ts';
import { SERVER_CAS } from '../../src/reconcile/server-ca/server-cas.ts';
import { SSL_RESETS } from '../../src/reconcile/ssl-resets.ts';
import { FREE_SLOTS } from '../support/fakes/builders.ts';
import type { Change } from './api-server.ts';
import { InjectedBug } from './call-scheduler.ts';
import type { PassContext, ProcessMark } from './pass-context.ts';
import type { Replica } from './replica.ts';
import { SETTINGS } from './settings.ts';

export type Ports = Pick<
  Context & ServerCaContext,
  'resets' | 'serverCas' | 'namespaces' | 'workloads' | 'pods' | 'objects' | 'cloudSql'
>;

interface Due {
  readonly key: Key;
  readonly atMs: number;
}

export interface Surroundings {
  /** The ports of one pass of one process. */
  readonly ports: (context: PassContext, process: Process) => Ports;
  readonly nowMs: () => number;
  readonly onError: (error: unknown) => void;
}

/** One process of the operator: the queue with its group, what it remembers, and one pass at a time. */
export class Process {
  readonly replica: Replica;
  readonly mark: ProcessMark;
  isAlive = true;
  readonly #around: Surroundings;
  readonly #index = new ObjectIndex(indexedOfAnyKind);
  readonly #memory: Memory;
  readonly #looks: Looks;
  readonly #callQueue = new CallQueue(FREE_SLOTS, (keys) => this.#wake(keys));
  readonly #due = new Map<Key, Due>();
  readonly #failures = new Map<Key, number>();
  readonly #busy = new Set<string>();

  constructor(replica: Replica, around: Surroundings) {
    this.replica = replica;
    this.#around = around;
    this.#memory = new Memory(replica.clock);
    this.#looks = new Looks(replica.clock, SETTINGS.serverCaResyncMs);
    this.mark = {
      replica: replica.index,
      now: () => replica.clock.now(),
      lastShown: () => replica.clock.lastShown,
      lostLease: !replica.isLeader,
      refusedUntilMs: 0,
      knownAttempts: new Set(),
    };
  }

  hear(change: Change): void {
    if (!this.isAlive) return;
    this.#wake(change.kind === 'Deleted' ? this.#index.remove(change.key) : this.#index.apply(change.object));
  }

  wakeAll(): void {
    this.#wake(this.#index.due);
  }

  /** When its next pass is due. One runs at a time in each group, and one for each object. */
  get dueMs(): number {
    if (!this.isAlive) return Number.POSITIVE_INFINITY;
    return Math.max(this.#next()?.atMs ?? Number.POSITIVE_INFINITY, this.replica.pausedUntilMs);
  }

  #next(): Due | undefined {
    const ready = [...this.#due.values()].filter(({ key }) => !this.#isBusy(key));
    return ready.toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #isBusy(key: Key): boolean {
    const group = this.#index.groupOf(key);
    return this.#busy.has(key) || (group !== undefined && this.#busy.has(group));
  }

  startPass(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.#due.delete(next.key);
    if (this.replica.isLeader) this.#run(next.key);
    else this.#schedule(next.key, { kind: 'RequeueAfter', delayMs: SETTINGS.retryMinMs });
  }

  #run(key: Key): void {
    const held = [key, this.#index.groupOf(key) ?? key];
    for (const one of held) this.#busy.add(one);
    const release = (): void => {
      for (const one of held) this.#busy.delete(one);
    };
    const pass: PassContext = {
      key,
      process: this.mark,
      read: undefined,
      readMs: 0,
      denial: undefined,
      listed: [],
      record: undefined,
      openedIssue: undefined,
      certificatesListedMs: Number.POSITIVE_INFINITY,
      follower: undefined,
      rotationRecord: undefined,
      shownCas: undefined,
    };
    const context = this.#contextOf(pass);
    const run =
      kindOf(key) === SERVER_CA
        ? reconcile(SERVER_CAS, refOf(key), context)
        : reconcile(SSL_RESETS, refOf(key), context);
    void run.then(
      (action) => {
        release();
        this.#ended(key, action);
      },
      (error: unknown) => {
        release();
        this.#failed(key, error);
      },
    );
  }

  #ended(key: Key, action: Action): void {
    this.#failures.delete(key);
    this.#schedule(key, action);
  }

  #failed(key: Key, error: unknown): void {
    if (!isKubernetesError(error) && !(error instanceof InjectedBug)) this.#around.onError(error);
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#schedule(key, errorPolicy(error, failures, SETTINGS));
  }

  #contextOf(pass: PassContext): Context & ServerCaContext {
    return {
      ...this.#around.ports(pass, this),
      events: { publish: ignore },
      clock: this.replica.clock,
      leadership: { isLeader: () => this.replica.isLeader },
      logger: silent,
      index: this.#index,
      memory: this.#memory,
      looks: this.#looks,
      callQueue: this.#callQueue,
      calendar: async () => calendar,
      settings: SETTINGS,
      wake: (keys) => this.#wake(keys),
    };
  }

  #wake(keys: readonly Key[]): void {
    for (const key of keys) this.#schedule(key, { kind: 'RequeueAfter', delayMs: 0 });
  }

  /** The sooner one counts, as in the queue. */
  #schedule(key: Key, action: Action): void {
    if (action.kind === 'AwaitChange') return;
    const atMs = this.#around.nowMs() + action.delayMs;
    const waiting = this.#due.get(key);
    if (waiting === undefined || atMs < waiting.atMs) this.#due.set(key, { key, atMs });
  }
}

const ignore = (): void => undefined;
const silent: ContextLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };
