import { randomUUID } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { operationDoesNotExist, operationInProgress } from './api-error.ts';

const ms = z.number().nonnegative();

/** How an operation goes. */
export const planSchema = z
  .strictObject({
    pendingMs: ms,
    /** How long the API says UNKNOWN, between PENDING and RUNNING. */
    unknownMs: ms,
    runningMs: ms,
    /** When what it does becomes visible; `AfterDone`: `settleMs` after its end. */
    effect: z.enum(['AtRunning', 'AtDone', 'AfterDone', 'Never']),
    settleMs: ms,
    /** Given: it ends DONE with this error. Whether it has taken effect is `effect`'s matter. */
    error: z.strictObject({ code: z.string(), message: z.string() }).readonly(),
  })
  .partial()
  .readonly();

export type OperationPlan = z.output<typeof planSchema>;

export type OperationStatus = 'PENDING' | 'UNKNOWN' | 'RUNNING' | 'DONE';

export interface Operation {
  readonly name: string;
  readonly project: string;
  readonly instance: string;
  readonly type: string;
  readonly user: string;
  readonly status: OperationStatus;
  readonly insertTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What an operation is to do: prepared while it is PENDING, done by the function that this answers. */
export type Effect = () => Promise<() => void>;

/** An effect that needs no preparation. */
export const immediately =
  (apply: () => void): Effect =>
  () =>
    Promise.resolve(apply);

export interface OperationRequest {
  readonly project: string;
  readonly instance: string;
  readonly type: string;
  readonly user: string;
  readonly plan: OperationPlan;
  readonly effect: Effect;
  /** When it was enqueued, for one that is over already. */
  readonly insertTime?: Date;
}

export interface StartedOperation {
  readonly operation: Operation;
  /** Resolves when it is DONE and its effect, if any, is visible; never rejects on an error of the operation. */
  readonly finished: Promise<void>;
}

const startOf = (operation: Operation): string => operation.startTime ?? operation.insertTime;

/** The operations of all instances, and the one that runs on each. */
export class Operations {
  /** Each step of each operation, as it is from then on. */
  readonly changes = new EventEmitter<{ change: [Operation] }>().setMaxListeners(0);
  readonly #operations = new Map<string, Operation>();
  readonly #signal: AbortSignal;
  #mayEnd: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  /** @param signal ends the waiting of all of them */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws ApiError 404 */
  get(project: string, name: string): Operation {
    const operation = this.#operations.get(name);
    if (operation?.project !== project) {
      throw operationDoesNotExist();
    }
    return operation;
  }

  /** Resolves when it is DONE. @throws ApiError 404 */
  async done(project: string, name: string): Promise<void> {
    if (this.get(project, name).status === 'DONE') return;
    for await (const [changed] of on(this.changes, 'change', { signal: this.#signal })) {
      if (changed.name === name && changed.status === 'DONE') return;
    }
  }

  all(): readonly Operation[] {
    return [...this.#operations.values()];
  }

  /** Newest start first. */
  list(project: string, instance?: string): readonly Operation[] {
    return this.all()
      .filter((operation) => operation.project === project)
      .filter((operation) => instance === undefined || operation.instance === instance)
      .reverse()
      .sort((a, b) => startOf(b).localeCompare(startOf(a)));
  }

  /** @throws ApiError 409 while another operation has not ended */
  requireIdle(project: string, instance: string): void {
    if (this.list(project, instance).some(({ status }) => status !== 'DONE')) {
      throw operationInProgress();
    }
  }

  /** Begins an operation whether or not another one runs: it is the caller that asks `requireIdle`. */
  start(request: OperationRequest): StartedOperation {
    const { project, instance, type, user, insertTime = new Date() } = request;
    const operation: Operation = {
      name: randomUUID(),
      project,
      instance,
      type,
      user,
      status: 'PENDING',
      insertTime: insertTime.toISOString(),
    };
    this.#operations.set(operation.name, operation);
    const finished = this.#run(operation.name, request).catch((error: unknown) => this.#failed(error));
    return { operation, finished };
  }

  /** From now on none ends, however long ago it was due, until `release` or the function that this answers is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const releaseOthers = this.#release;
    this.#mayEnd = promise;
    this.#release = () => {
      releaseOthers();
      resolve();
    };
    return resolve;
  }

  /** Ends all holding. */
  release(): void {
    this.#release();
  }

  async #run(name: string, { plan, effect, insertTime }: OperationRequest): Promise<void> {
    const { pendingMs = 0, unknownMs = 0, runningMs = 0, settleMs = 0, effect: moment = 'AtDone', error } = plan;
    const now = () => (insertTime ?? new Date()).toISOString();
    const [apply] = await Promise.all([effect(), this.#wait(pendingMs)]);
    if (unknownMs > 0) {
      this.#change(name, { status: 'UNKNOWN' });
      await this.#wait(unknownMs);
    }
    this.#change(name, { status: 'RUNNING', startTime: now() });
    if (moment === 'AtRunning') {
      apply();
    }
    await this.#wait(runningMs);
    await this.#mayEnd;
    if (moment === 'AtDone') {
      apply();
    }
    this.#change(name, { status: 'DONE', endTime: now(), ...(error ? { error } : {}) });
    if (moment === 'AfterDone') {
      await this.#wait(settleMs);
      apply();
    }
  }

  #wait(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#signal });
  }

  #change(name: string, changes: Partial<Operation>): void {
    const operation = this.#operations.get(name);
    if (operation) {
      const changed = { ...operation, ...changes };
      this.#operations.set(name, changed);
      this.changes.emit('change', changed);
    }
  }

  /** Nothing but the end of the emulator may interrupt an operation. */
  #failed(error: unknown): void {
    if (!this.#signal.aborted) {
      throw new Error('an operation of the emulator broke off', { cause: error });
    }
  }
}
