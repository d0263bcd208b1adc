export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after the given number of failures in a row, 1 for the first: a ceiling that doubles up to
 * `maxMs`, half of it certain and half of it chance, and never less than `minMs`.
 * @param random answers a number from 0 up to 1
 */
export function backoffDelay({ minMs, maxMs }: Backoff, failures: number, random: () => number = Math.random): number {
  // 2 ** 30 milliseconds are 12 days: no delay grows beyond, and nothing overflows.
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(failures, 0), 30));
  return Math.max(minMs, Math.round(ceiling * (0.5 + random() / 2)));
}
