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
