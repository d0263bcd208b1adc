import { isKubernetesError } from '../../src/domain/errors.ts';
import { KIND } from '../../src/domain/reset/ssl-reset.ts';
import type { Action } from '../../src/lib/action.ts';
import { type Key, keyOf, refOf } from '../../src/lib/key.ts';
import { CallQueue } from '../../src/reconcile/call-queue.ts';
import { errorPolicy } from '../../src/reconcile/error-policy.ts';
import { indexed } from '../../src/reconcile/indexed-reset.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import { ObjectIndex } from '../../src/reconcile/object-index.ts';
import type { Context } from '../../src/reconcile/pass.ts';
import type { ContextLogger, ObjectRef } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { SSL_RESETS } from '../../src/reconcile/ssl-resets.ts';
import { FREE_SLOTS } from '../support/fakes/builders.ts';
import type { Ports } from '../support/fakes/faults.ts';
import type { Change } from './api-server.ts';
import { InjectedBug } from './call-scheduler.ts';
import type { PassContext, ProcessMark } from './pass-context.ts';
import type { Replica } from './replica.ts';
import { SETTINGS } from './settings.ts';

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
  readonly #index = new ObjectIndex(indexed);
  readonly #memory: Memory;
  readonly #callQueue = new CallQueue(FREE_SLOTS, (keys) => this.#wake(keys));
  readonly #due = new Map<string, { readonly ref: ObjectRef; readonly atMs: number }>();
  readonly #failures = new Map<string, number>();
  readonly #busy = new Set<string>();

  constructor(replica: Replica, around: Surroundings) {
    this.replica = replica;
    this.#around = around;
    this.#memory = new Memory(replica.clock);
    this.mark = {
      replica: replica.index,
      now: () => replica.clock.now(),
      lostLease: !replica.isLeader,
      refusedUntilMs: 0,
      knownAttempts: new Set(),
    };
  }

  hear(change: Change): void {
    if (!this.isAlive) return;
    const { object } = change;
    this.#wake(
      change.kind === 'Deleted' ? this.#index.remove(keyOf(KIND, object.metadata)) : this.#index.apply(object),
    );
  }

  wakeAll(): void {
    this.#wake(this.#index.due);
  }

  /** When its next pass is due. One runs at a time in each group, and one for each object. */
  get dueMs(): number {
    if (!this.isAlive) return Number.POSITIVE_INFINITY;
    return Math.max(this.#next()?.atMs ?? Number.POSITIVE_INFINITY, this.replica.pausedUntilMs);
  }

  #next(): { readonly ref: ObjectRef; readonly atMs: number } | undefined {
    const ready = [...this.#due.values()].filter(({ ref }) => !this.#isBusy(ref));
    return ready.toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #isBusy(ref: ObjectRef): boolean {
    const key = keyOf(KIND, ref);
    const group = this.#index.groupOf(key);
    return this.#busy.has(key) || (group !== undefined && this.#busy.has(group));
  }

  startPass(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.#due.delete(keyOf(KIND, next.ref));
    if (this.replica.isLeader) this.#run(next.ref);
    else this.#schedule(next.ref, { kind: 'RequeueAfter', delayMs: SETTINGS.retryMinMs });
  }

  #run(ref: ObjectRef): void {
    const held = [keyOf(KIND, ref), this.#index.groupOf(keyOf(KIND, ref)) ?? keyOf(KIND, ref)];
    for (const one of held) this.#busy.add(one);
    const release = (): void => {
      for (const one of held) this.#busy.delete(one);
    };
    const pass: PassContext = {
      ref,
      process: this.mark,
      read: undefined,
      readMs: 0,
      denial: undefined,
      listed: [],
      record: undefined,
      openedIssue: undefined,
      certificatesListedMs: Number.POSITIVE_INFINITY,
    };
    void reconcile(SSL_RESETS, ref, this.#contextOf(pass)).then(
      (action) => {
        release();
        this.#ended(ref, action);
      },
      (error: unknown) => {
        release();
        this.#failed(ref, error);
      },
    );
  }

  #ended(ref: ObjectRef, action: Action): void {
    this.#failures.delete(keyOf(KIND, ref));
    this.#schedule(ref, action);
  }

  #failed(ref: ObjectRef, error: unknown): void {
    if (!isKubernetesError(error) && !(error instanceof InjectedBug)) this.#around.onError(error);
    const failures = (this.#failures.get(keyOf(KIND, ref)) ?? 0) + 1;
    this.#failures.set(keyOf(KIND, ref), failures);
    this.#schedule(ref, errorPolicy(error, failures, SETTINGS));
  }

  #contextOf(pass: PassContext): Context {
    return {
      ...this.#around.ports(pass, this),
      events: { publish: ignore },
      clock: this.replica.clock,
      leadership: { isLeader: () => this.replica.isLeader },
      logger: silent,
      index: this.#index,
      memory: this.#memory,
      callQueue: this.#callQueue,
      settings: SETTINGS,
      wake: (keys) => this.#wake(keys),
    };
  }

  #wake(keys: readonly Key[]): void {
    for (const key of keys) this.#schedule(refOf(key), { kind: 'RequeueAfter', delayMs: 0 });
  }

  /** The sooner one counts, as in the queue. */
  #schedule(ref: ObjectRef, action: Action): void {
    if (action.kind === 'AwaitChange') return;
    const atMs = this.#around.nowMs() + action.delayMs;
    const waiting = this.#due.get(keyOf(KIND, ref));
    if (waiting === undefined || atMs < waiting.atMs) this.#due.set(keyOf(KIND, ref), { ref, atMs });
  }
}

const ignore = (): void => undefined;
const silent: ContextLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };
