import { timeOf } from './time.ts';

/** Waits between tries that double. Times are milliseconds; failures in a row are counted from 1. */
export interface Backoff {
  /** The wait after the first failure, and the shortest one. */
  readonly minMs: number;
  readonly maxMs: number;
}

/** 2 ** 30 milliseconds are 12 days: no wait grows beyond, and nothing overflows. */
const MOST_DOUBLINGS = 30;

/** The wait after so many failures where nothing is left to chance. */
export function fixedBackoffMs({ minMs, maxMs }: Backoff, failures: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), MOST_DOUBLINGS);
  return Math.min(maxMs, minMs * 2 ** doublings);
}

/**
 * The same with its second half left to chance, so that those that failed together do not come back together; never
 * less than `minMs`.
 * @param random answers a number from 0 to 1
 */
export function backoffMs(backoff: Backoff, failures: number, random: () => number = Math.random): number {
  return Math.max(backoff.minMs, Math.round(fixedBackoffMs(backoff, failures) * (0.5 + random() / 2)));
}

/** No wait is recorded that is longer. */
export const MAX_RECORDED_MS = 60 * 60_000;

/**
 * Milliseconds until a time that was recorded, RFC 3339; 0 where it is over, absent or cannot be read. One that is further
 * away than any wait was recorded by a clock that was ahead: to wait for it could take as long as that clock was wrong.
 */
export function recordedDelayMs(time: string | undefined, now: Date): number {
  const delayMs = (timeOf(time) ?? 0) - now.getTime();
  return delayMs > MAX_RECORDED_MS ? 0 : Math.max(0, delayMs);
}
