/** How long a request may take, from what its status records, so that it survives a restart. */
import { timeOf } from '../../lib/time.ts';
import { isAtGate } from './request.ts';
import type { Request, SslReset } from './ssl-reset.ts';

/**
 * The deadline that runs now: for the call to be accepted, or after the reset for everything else; a roll renews it each
 * time it comes further. None runs at a closed gate. From a time that cannot be read it is over: nothing waits
 * without a bound.
 */
export function deadline({ spec, status }: SslReset): Date | undefined {
  const { request, rollout } = status;
  if (request === undefined || isAtGate(status)) return undefined;
  const startMs = Math.max(timeOf(request.doneTime ?? request.receivedTime) ?? 0, timeOf(request.gateOpenedTime) ?? 0);
  const movedMs = request.doneTime === undefined ? 0 : (timeOf(rollout?.progressTime) ?? 0);
  return new Date(Math.max(startMs, movedMs) + (spec.deadlineSeconds - spentSeconds(request)) * 1000);
}

/** What is left of the deadline after the reset does not hang on the windows before it. */
const spentSeconds = ({ doneTime, spentSeconds: spent = 0 }: Request): number => (doneTime === undefined ? spent : 0);

/** The request as a window closes on it: what has passed of its deadline counts when the next one opens. */
export function atClosedGate(reset: SslReset, request: Request, now: Date): Request {
  const end = deadline(reset);
  if (end === undefined) return request;
  const leftSeconds = Math.ceil((end.getTime() - now.getTime()) / 1000);
  const spent = Math.max(0, reset.spec.deadlineSeconds - leftSeconds);
  return spent === 0 ? request : { ...request, spentSeconds: spent };
}

/** Milliseconds for which a request may still wait without a word. */
export const untilDeadlineMs = (reset: SslReset, now: Date): number =>
  Math.max(0, (deadline(reset)?.getTime() ?? 0) - now.getTime());

export function isPastDeadline(reset: SslReset, now: Date): boolean {
  const end = deadline(reset);
  return end !== undefined && now >= end;
}
