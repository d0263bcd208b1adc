import { setTimeout as sleep } from 'node:timers/promises';
import { CloudSqlError } from '../domain/errors.ts';
import type { Priority } from '../lib/priority.ts';
import type { Slot } from '../reconcile/cloud-sql-port.ts';

export interface RateOptions {
  /** Sustained calls a second for each project. */
  readonly perSecond: number;
  /** Calls that may go at once after a silence. In any minute there are at most `60 * perSecond + burst`. */
  readonly burst: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

export interface Wait {
  readonly priority: Priority;
  /** A caller that would wait longer has to come back instead, so that nothing waits without a bound. */
  readonly maxWaitMs: number;
}

/** So many slots in a row go to a high priority while a low one waits. */
const HIGH_IN_A_ROW = 3;

interface Waiter {
  readonly deadlineMs: number;
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: CloudSqlError) => void;
}

/** A leaky bucket, kept as the time at which it would be empty (the generic cell rate algorithm), and who waits at it. */
export class ProjectBucket {
  readonly #options: RateOptions;
  readonly #share: Share;
  readonly #waiters: Readonly<Record<Priority, Waiter[]>> = { High: [], Low: [] };
  /** How far ahead of an even rate a burst may run. */
  readonly #toleranceMs: number;
  #emptyAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #highInARow = 0;
  #isWaiting = false;

  constructor(options: RateOptions) {
    this.#options = options;
    this.#share = new Share(options.monotonicMs);
    this.#toleranceMs = ((options.burst - 1) * 1000) / options.perSecond;
  }

  tryTake(): Slot | undefined {
    const isFree = this.#waiting === 0 && this.#waitMs() <= 0;
    return isFree ? this.#give() : undefined;
  }

  take({ priority, maxWaitMs }: Wait): Promise<Slot> {
    const ahead = priority === 'High' ? this.#waiters.High.length : this.#waiting;
    const waitMs = this.#waitMs() + ahead * this.#intervalMs;
    if (waitMs > maxWaitMs) return Promise.reject(heldBack(waitMs));
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    this.#waiters[priority].push({ deadlineMs: this.#nowMs + maxWaitMs, resolve, reject });
    this.#serve();
    return promise;
  }

  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - this.#nowMs);
  }

  /** After the pause the calls go on without a burst. What was sent before its beginning may be refused too: once is enough. */
  throttled(ms: number): void {
    const now = this.#nowMs;
    if (now >= this.#pausedUntil) this.#share.lower();
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
    this.#emptyAt = Math.max(this.#emptyAt, this.#pausedUntil + this.#toleranceMs);
  }

  #serve(): void {
    while (this.#waiting > 0) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#sendAway(waitMs);
        if (this.#waiting > 0) this.#lookIn(Math.ceil(waitMs));
        return;
      }
      this.#next()?.resolve(this.#give());
    }
  }

  #next(): Waiter | undefined {
    const { High, Low } = this.#waiters;
    const isLowDue = Low.length > 0 && this.#highInARow >= HIGH_IN_A_ROW;
    if (High.length === 0 || isLowDue) {
      this.#highInARow = 0;
      return Low.shift();
    }
    this.#highInARow += 1;
    return High.shift();
  }

  #sendAway(waitMs: number): void {
    const earliestMs = this.#nowMs + waitMs;
    for (const waiters of Object.values(this.#waiters)) {
      const late = waiters.filter(({ deadlineMs }) => deadlineMs < earliestMs);
      if (late.length > 0) waiters.splice(0, waiters.length, ...waiters.filter((one) => !late.includes(one)));
      for (const { reject } of late) reject(heldBack(waitMs));
    }
  }

  /** No slot becomes free sooner than the first look would find it: pauses only grow, and what is given back serves at once. */
  #lookIn(ms: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const pause = this.#options.sleep ?? sleep;
    void pause(ms).then(() => {
      this.#isWaiting = false;
      this.#serve();
    });
  }

  #give(): Slot {
    const intervalMs = this.#intervalMs;
    this.#emptyAt = Math.max(this.#emptyAt, this.#nowMs) + intervalMs;
    let isOpen = true;
    return {
      spend: () => {
        isOpen = false;
      },
      giveBack: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#emptyAt -= intervalMs;
        this.#serve();
      },
    };
  }

  #waitMs(): number {
    const now = this.#nowMs;
    return Math.max(this.#emptyAt - this.#toleranceMs, this.#pausedUntil) - now;
  }

  get #waiting(): number {
    return this.#waiters.High.length + this.#waiters.Low.length;
  }

  get #intervalMs(): number {
    return 1000 / (this.#options.perSecond * this.#share.now);
  }

  get #nowMs(): number {
    return this.#options.monotonicMs();
  }
}

/** How much of the rate is used: less after each refusal, since others use the quota too, and slowly more again. */
class Share {
  readonly #monotonicMs: () => number;
  #lowered = { to: 1, atMs: 0 };

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get now(): number {
    const { to, atMs } = this.#lowered;
    return Math.min(1, to + (RECOVERY * (this.#monotonicMs() - atMs)) / MINUTE_MS);
  }

  lower(): void {
    this.#lowered = { to: Math.max(LOWEST, this.now * LOWERING), atMs: this.#monotonicMs() };
  }
}

const MINUTE_MS = 60_000;
const LOWERING = 0.75;
const LOWEST = 0.1;
/** Of the whole rate, each minute. */
const RECOVERY = 0.1;

const heldBack = (waitMs: number): CloudSqlError =>
  new CloudSqlError({
    kind: 'Throttled',
    message: 'Calls in this project are held back to stay within its quota',
    retryAfterMs: Math.ceil(waitMs),
  });
