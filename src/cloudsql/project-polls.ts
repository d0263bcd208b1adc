import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation } from '../domain/call/operation.ts';
import { CloudSqlError } from '../domain/errors.ts';
import { fixedBackoffMs } from '../lib/backoff.ts';
import type { OperationWatch } from '../reconcile/cloud-sql-port.ts';
import { FollowedOperation } from './followed-operation.ts';
import { isRefusal, LOOKED_AT_ONCE, type Look, type LookReads, lookAt } from './operation-look.ts';

export interface PollsOptions extends LookReads {
  /** Between two looks at the operations of a project, for each read that the first one took, in milliseconds. */
  readonly intervalMs: number;
  /** The longest time between two looks that failed. */
  readonly maxIntervalMs: number;
  /** Reads of polls a second that are never exceeded, for each project. */
  readonly maxPerSecond: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** At least so long an operation is looked at after somebody wanted to know of it. */
const FOLLOWED_MS = 30_000;
/** For so long a refused list is not asked for again. */
const REFUSED_MS = 600_000;

/** The operations of one project that somebody follows. One look at a time; each read that it takes delays the next one. */
export class ProjectPolls {
  readonly #project: string;
  readonly #options: PollsOptions;
  readonly #followed = new Map<string, FollowedOperation>();
  #last = { atMs: Number.NEGATIVE_INFINITY, reads: 0 };
  #failures = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #noListsUntilMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  /** The soonest alarm that is set. */
  #alarmMs = Number.POSITIVE_INFINITY;

  constructor(project: string, options: PollsOptions) {
    this.#project = project;
    this.#options = options;
  }

  operation(name: string): Promise<Operation> {
    const followed = this.#follow(name);
    const { seen } = followed;
    if (seen === undefined || !(followed.isOver || this.#isCurrent(followed))) return this.#ask(followed);
    if (followed.isOver) this.#followed.delete(name);
    return Promise.resolve(seen);
  }

  watch(operation: Operation, watch: OperationWatch): void {
    this.#follow(operation.name).watch(watch, operation);
    this.#plan();
  }

  #follow(name: string): FollowedOperation {
    const followed = this.#followed.get(name) ?? new FollowedOperation(name, this.#nowMs);
    followed.wantedMs = this.#nowMs;
    this.#followed.set(name, followed);
    return followed;
  }

  /** What was seen before the looks began to fail says nothing of now. */
  #isCurrent({ lookedMs }: FollowedOperation): boolean {
    return this.#failures === 0 && this.#nowMs - lookedMs <= 2 * this.#last.reads * this.#restMs;
  }

  async #ask(followed: FollowedOperation): Promise<Operation> {
    const answer = followed.ask();
    this.#plan();
    const operation = await answer;
    if (followed.isOver) this.#followed.delete(followed.name);
    return operation;
  }

  /** Looks if it is time, else comes back when it will be. */
  #plan(): void {
    const dueMs = this.#isLooking ? undefined : this.#dueMs();
    if (dueMs === undefined) return;
    const waitMs = dueMs - this.#nowMs;
    if (waitMs <= 0) {
      void this.#look();
      return;
    }
    if (dueMs >= this.#alarmMs) return;
    this.#alarmMs = dueMs;
    const pause = this.#options.sleep ?? ((ms) => sleep(ms, undefined, { ref: false }));
    void pause(Math.ceil(waitMs)).then(() => {
      if (this.#alarmMs === dueMs) this.#alarmMs = Number.POSITIVE_INFINITY;
      this.#plan();
    });
  }

  /** Who asks is kept waiting by the quota alone. */
  #dueMs(): number | undefined {
    const running = this.#running();
    const { atMs, reads } = this.#last;
    if (running.some(({ isAsked }) => isAsked)) return atMs + reads * this.#leastRestMs;
    if (running.length === 0) return undefined;
    const firstMs = Math.min(...running.map(({ sinceMs, lookedMs }) => Math.max(sinceMs, lookedMs))) + this.#restMs;
    return Math.max(atMs + reads * this.#restMs, this.#pausedUntilMs, firstMs);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    // Whoever asks at the same time is answered by the same look.
    await Promise.resolve();
    const atMs = this.#nowMs;
    const wanted = this.#running().toSorted(byUrgency);
    const asked = wanted.filter(({ isAsked }) => isAsked);
    const mayList = atMs >= this.#noListsUntilMs;
    const look = await lookAt(wanted, { project: this.#project, mayList }, this.#options);
    this.#last = { atMs, reads: look.reads };
    this.#note(look);
    const { listError } = look;
    const isOutage = listError !== undefined && !isRefusal(listError);
    for (const followed of asked) followed.refuse(isOutage ? listError : tooMany(look.reads * this.#leastRestMs));
    this.#isLooking = false;
    this.#plan();
  }

  #note({ seen, failed, listError }: Look): void {
    const now = this.#nowMs;
    const [error = listError] = failed.map((one) => one.error).filter((one) => !isUnknown(one));
    this.#failures = error === undefined || seen.length > 0 ? 0 : this.#failures + 1;
    this.#pausedUntilMs = this.#failures === 0 ? now : now + this.#pauseMs(error);
    if (isRefusal(listError)) this.#noListsUntilMs = now + REFUSED_MS;
    for (const { followed, operation } of seen) followed.saw(operation, this.#last.atMs);
    for (const one of failed) {
      if (!isUnknown(one.error)) {
        one.followed.refuse(one.error);
        continue;
      }
      this.#followed.delete(one.followed.name);
      one.followed.vanished(one.error);
    }
  }

  #pauseMs(error: unknown): number {
    const retryAfterMs = error instanceof CloudSqlError ? (error.retryAfterMs ?? 0) : 0;
    const backoff = { minMs: this.#restMs, maxMs: this.#options.maxIntervalMs };
    return Math.max(retryAfterMs, fixedBackoffMs(backoff, this.#failures));
  }

  /** Those that are to be looked at. Who has not asked for one for long does not want to know any more. */
  #running(): readonly FollowedOperation[] {
    const keptMs = Math.max(FOLLOWED_MS, 2 * this.#options.maxIntervalMs);
    for (const [name, { wantedMs, isAsked }] of this.#followed) {
      if (!isAsked && this.#nowMs - wantedMs > keptMs) this.#followed.delete(name);
    }
    return [...this.#followed.values()].filter(({ isAwaited }) => isAwaited);
  }

  get #restMs(): number {
    return Math.max(this.#options.intervalMs, this.#leastRestMs);
  }

  get #leastRestMs(): number {
    return 1000 / this.#options.maxPerSecond;
  }

  get #nowMs(): number {
    return this.#options.monotonicMs();
  }
}

/** Who asks comes first, and then what was not looked at for the longest. */
const byUrgency = (a: FollowedOperation, b: FollowedOperation): number =>
  Number(b.isAsked) - Number(a.isAsked) || a.lookedMs - b.lookedMs;

const isUnknown = (error: unknown): boolean => error instanceof CloudSqlError && error.kind === 'NotFound';

const tooMany = (retryAfterMs: number): CloudSqlError =>
  new CloudSqlError({
    kind: 'Throttled',
    message: `More than ${LOOKED_AT_ONCE} operations of this project can be looked at only one by one; the rest wait to stay within its quota`,
    retryAfterMs: Math.ceil(retryAfterMs),
  });
