/** Back-off from what status records, so that they survive a restart. */
import { backoffMs, MAX_RECORDED_MS, recordedDelayMs } from '../../lib/backoff.ts';
import { timeOf } from '../../lib/time.ts';

export interface RetryPolicy {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Between 0 and 1: spreads the retries of many objects. */
  readonly random: () => number;
}

export interface PollPolicy {
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
}

/** Milliseconds to wait after so many failures in a row, counted from 1. */
export const retryDelayMs = (failures: number, { retryMinMs, retryMaxMs, random }: RetryPolicy): number =>
  backoffMs({ minMs: retryMinMs, maxMs: retryMaxMs }, failures, random);

/** One more failure: nothing is tried again before `retryTime`, and never sooner than was asked for, if that is at most an hour. */
export function afterFailure<T extends Tried>(tried: T, now: Date, policy: RetryPolicy, retryAfterMs = 0) {
  const failures = (tried.failures ?? 0) + 1;
  const delayMs = Math.min(MAX_RECORDED_MS, Math.max(retryAfterMs, retryDelayMs(failures, policy)));
  return { ...tried, failures, retryTime: new Date(now.getTime() + delayMs).toISOString() };
}

/** What may fail, and is tried again: a request, or a workload that is to be changed. */
interface Tried {
  readonly failures?: number;
  /** RFC 3339. */
  readonly retryTime?: string;
}

export function withoutDelay<T extends Tried>({ retryTime: _retryTime, ...rest }: T): Omit<T, 'retryTime'> {
  return rest;
}

export function withoutFailures<T extends Tried>({
  failures: _failures,
  retryTime: _retryTime,
  ...rest
}: T): Omit<T, keyof Tried> {
  return rest;
}

/** Milliseconds until `retryTime`, 0 where it is over or absent. */
export const remainingDelayMs = (tried: Pick<Tried, 'retryTime'> | undefined, now: Date): number =>
  recordedDelayMs(tried?.retryTime, now);

/**
 * An object that waits is looked at in intervals that double: the next one is as long as it has waited so far. One whose
 * start cannot be read counts as an old one. The end of an operation is seen sooner, by polls that cost the object nothing.
 */
export function pollDelayMs(since: string | undefined, now: Date, { pollMinMs, pollMaxMs }: PollPolicy): number {
  if (since === undefined) return pollMinMs;
  const elapsedMs = Math.max(0, now.getTime() - (timeOf(since) ?? 0));
  return Math.min(pollMaxMs, pollMinMs + elapsedMs);
}

/** How long to wait before looking again at what has stood still for so long, without writing anything down. */
export function lookAgainDelayMs(elapsedMs: number, { retryMinMs, retryMaxMs, random }: RetryPolicy): number {
  return Math.max(retryMinMs, Math.round(Math.min(retryMaxMs, elapsedMs) * (0.75 + random() / 4)));
}

/** The same for what an event tells of: one look, for an event that does not come. */
export const lateLookDelayMs = (policy: RetryPolicy): number => lookAgainDelayMs(Number.POSITIVE_INFINITY, policy);
