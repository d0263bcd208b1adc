import { setTimeout as sleep } from 'node:timers/promises';
import { CloudSqlError } from '../domain/errors.ts';

export interface PaceOptions {
  /** Sustained calls a second for each project. */
  readonly perSecond: number;
  /** Calls that may go at once after a silence. */
  readonly burst: number;
  /** Whoever would wait longer is told to come back instead, so that nothing waits without a bound. */
  readonly maxWaitMs: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Keeps calls under the API's quotas, which count by project: first come, first served. */
export class Pace {
  readonly #options: PaceOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a call of the project may be made.
   * @throws CloudSqlError `Throttled` at once, with the time to wait, where that is more than `maxWaitMs`
   */
  take(project: string): Promise<void> {
    return this.#lane(project).take();
  }

  /** The API asked for patience: no slot of the project is given away for `ms`. */
  pause(project: string, ms: number): void {
    this.#lane(project).pause(ms);
  }

  #lane(project: string): Lane {
    const lane = this.#lanes.get(project) ?? new Lane(this.#options);
    this.#lanes.set(project, lane);
    return lane;
  }
}

/** A leaky bucket, kept as the time at which it would be empty (the generic cell rate algorithm). */
class Lane {
  readonly #options: PaceOptions;
  readonly #intervalMs: number;
  /** How far ahead of an even rate a burst may run. */
  readonly #toleranceMs: number;
  #emptyAt = Number.NEGATIVE_INFINITY;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#intervalMs = 1000 / options.perSecond;
    this.#toleranceMs = (options.burst - 1) * this.#intervalMs;
  }

  async take(): Promise<void> {
    this.#refuseLongWait(this.#waitMs(this.#waiting));
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#turn());
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Fills the bucket: after the pause the calls go on at the even rate, without a burst. */
  pause(ms: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, this.#options.monotonicMs() + ms + this.#toleranceMs);
  }

  /** Only one turn runs at a time, so that each sees the slots that all before it took. */
  async #turn(): Promise<void> {
    const wait = this.#options.sleep ?? sleep;
    try {
      for (let waitMs = this.#waitMs(0); waitMs > 0; waitMs = this.#waitMs(0)) {
        this.#refuseLongWait(waitMs);
        await wait(Math.ceil(waitMs));
      }
      this.#emptyAt = Math.max(this.#emptyAt, this.#options.monotonicMs()) + this.#intervalMs;
    } finally {
      this.#waiting -= 1;
    }
  }

  #waitMs(ahead: number): number {
    const now = this.#options.monotonicMs();
    return Math.max(this.#emptyAt, now) + ahead * this.#intervalMs - this.#toleranceMs - now;
  }

  #refuseLongWait(waitMs: number): void {
    if (waitMs <= this.#options.maxWaitMs) return;
    throw new CloudSqlError({
      kind: 'Throttled',
      message: 'The calls of this project are held back to keep to its quota',
      retryAfterMs: Math.ceil(waitMs),
    });
  }
}
