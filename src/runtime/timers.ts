import { Observable } from 'rxjs';

export type Cancel = () => void;

/** The clock of this folder; tests run on one of their own. */
export interface Timers {
  /** Milliseconds on a clock that never goes back. */
  nowMs(): number;
  /** Calls `run` once, never synchronously, unless it is cancelled before. */
  after(delayMs: number, run: () => void): Cancel;
}

// Node turns a longer delay into one of 1 ms.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    let timeout: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      const stepMs = Math.min(restMs, LONGEST_TIMEOUT_MS);
      timeout = setTimeout(() => (restMs > stepMs ? arm(restMs - stepMs) : run()), stepMs);
    };
    arm(delayMs);
    return () => clearTimeout(timeout);
  },
};

/** Emits nothing and completes after `delayMs` milliseconds. */
export const pause = (timers: Timers, delayMs: number): Observable<never> =>
  new Observable((subscriber) => timers.after(delayMs, () => subscriber.complete()));
