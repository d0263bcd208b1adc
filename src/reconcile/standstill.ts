/**
 * Bounds how fast passes follow each other that bring an object no further: a status that the API server stores as
 * something else than was written, or that conflicts each time, must not become a loop without a delay.
 */
import { retryDelayMs } from '../domain/call/retry.ts';
import type { Context } from './pass.ts';

/** Two processes that write the same object need some conflicts to get past each other. */
const FREE_REPEATS = 3;

interface Passed {
  /** Of the object. */
  readonly uid: string;
  readonly start: string;
  readonly step: string;
}

/** How long the next pass waits that is to follow this one at once. */
export function delayAtStandstill(
  { uid, start, step }: Passed,
  { memory, settings, logger }: Pick<Context, 'memory' | 'settings' | 'logger'>,
): number {
  const repeats = memory.repeats(uid, start);
  if (repeats <= FREE_REPEATS) return 0;
  const delayMs = retryDelayMs(repeats - FREE_REPEATS, settings);
  const isNews = repeats === FREE_REPEATS + 1;
  logger[isNews ? 'warn' : 'debug']('Passes make no progress with the object: the next ones are delayed', {
    step,
    delayMs,
  });
  return delayMs;
}
