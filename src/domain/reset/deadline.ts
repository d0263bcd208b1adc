/** How long a request may take, from what its status records, so that it survives a restart. */
import { timeOf } from '../../lib/time.ts';
import type { SslReset } from './ssl-reset.ts';

/**
 * The deadline that runs now: for the call to be accepted, or after the reset for everything else; a roll renews it each
 * time it comes further. From a time that cannot be read it is over: nothing waits without a bound.
 */
export function deadline({ spec, status: { request, rollout } }: SslReset): Date | undefined {
  if (request === undefined) return undefined;
  const startMs = timeOf(request.doneTime ?? request.receivedTime) ?? 0;
  const movedMs = request.doneTime === undefined ? 0 : (timeOf(rollout?.progressTime) ?? 0);
  return new Date(Math.max(startMs, movedMs) + spec.deadlineSeconds * 1000);
}

/** Milliseconds for which a request may still wait without a word. */
export const untilDeadlineMs = (reset: SslReset, now: Date): number =>
  Math.max(0, (deadline(reset)?.getTime() ?? 0) - now.getTime());

export function isPastDeadline(reset: SslReset, now: Date): boolean {
  const end = deadline(reset);
  return end !== undefined && now >= end;
}
