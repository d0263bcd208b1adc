import { EMPTY, type Observable, of } from 'rxjs';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import type { Timers } from './timers.ts';

export interface WatchPolicy {
  readonly backoff: Backoff;
  /** A watch that lived this long, in milliseconds, ends a row of failures. */
  readonly healthyAfterMs: number;
  readonly random?: (() => number) | undefined;
}

/** API servers that catch up one after another may each say once that a version is too old. */
const EXPIRIES_AT_ONCE = 3;
/** While it waits nobody hears of a change. */
const MAX_AFTER_EXPIRY_MS = 2_000;

/** How long to wait before the next try, and what is news about the state of things. */
export class WatchRetries {
  readonly #policy: WatchPolicy;
  readonly #timers: Timers;
  #failures = 0;
  /** Versions that were too old, in a row. */
  #expiries = 0;
  /** The failure that was reported last and is not over. */
  #told: string | undefined;
  /** When the server last accepted what is tried now. */
  #workingSinceMs: number | undefined;

  constructor(policy: WatchPolicy, timers: Timers) {
    this.#policy = policy;
    this.#timers = timers;
  }

  begin(): void {
    this.#workingSinceMs = undefined;
  }

  /** The server has taken the watch, but may still say that it does not go so far back. */
  accepted(): void {
    this.#workingSinceMs = this.#timers.nowMs();
  }

  listed(): Observable<{ readonly type: 'recovered' }> {
    this.#failures = 0;
    return this.works();
  }

  works(): Observable<{ readonly type: 'recovered' }> {
    if (this.#told === undefined) return EMPTY;
    this.#told = undefined;
    return of({ type: 'recovered' });
  }

  fails(error: unknown): Observable<{ readonly type: 'failed'; readonly error: unknown }> {
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#told) return EMPTY;
    this.#told = message;
    return of({ type: 'failed', error });
  }

  /** A server that ends every watch at once must not be asked in a loop. */
  delayAfterEnd(): number {
    return this.#livedMs() < this.#policy.backoff.minMs ? this.delayAfterFailure() : 0;
  }

  delayAfterFailure(): number {
    const { backoff, healthyAfterMs, random } = this.#policy;
    this.#failures = this.#livedMs() >= healthyAfterMs ? 1 : this.#failures + 1;
    // A failure meets the watches of all replicas at once: one step ahead, so that chance spreads the first delay too.
    return backoffMs(backoff, this.#failures + 1, random);
  }

  /** None after the first ones: they are no failures. A server that refuses what it has just listed must not be asked in a loop. */
  delayAfterExpiry(): number {
    const { backoff, healthyAfterMs, random } = this.#policy;
    this.#expiries = this.#livedMs() >= healthyAfterMs ? 1 : this.#expiries + 1;
    const waits = this.#expiries - EXPIRIES_AT_ONCE;
    const maxMs = Math.min(backoff.maxMs, MAX_AFTER_EXPIRY_MS);
    return waits <= 0 ? 0 : backoffMs({ ...backoff, maxMs }, waits, random);
  }

  #livedMs(): number {
    return this.#workingSinceMs === undefined ? 0 : this.#timers.nowMs() - this.#workingSinceMs;
  }
}
