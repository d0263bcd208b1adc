/** What an object has published, while its newer request is held back: that is right by what Cloud SQL lists, all the same. */
import { timeOf } from '../../lib/time.ts';
import { isWaitingReason } from '../reason-rules.ts';
import { isOpen } from '../trust/rollout-status.ts';
import { isAtGate, isNewRequest, isSettled, isStalled, isUnresolved, reconcilingReason } from './request.ts';
import type { SslReset, Status } from './ssl-reset.ts';
import type { OwnStep } from './step.ts';

/** Steps with which a request may stay where it is. */
const HELD: readonly OwnStep['kind'][] = ['Nothing', 'Wait', 'Suspend', 'KeepUnknown', 'RequestReset'];

/**
 * A request that is not called, and will not be before somebody or some time lets it: suspended, at a closed gate,
 * stalled, or waiting; so is one whose outcome was given up as unknown. The object has published before.
 * @param step what is to do for its request
 */
export function isHeldBack(reset: SslReset, step: OwnStep): boolean {
  const { metadata, status } = reset;
  const { request, serverCa } = status;
  if (metadata.deletionTimestamp !== undefined || serverCa === undefined || isNewRequest(reset)) return false;
  if (isSettled(request) || isUnresolved(request) || !HELD.includes(step.kind)) return false;
  return step.kind === 'Suspend' || isStalled(reset) || isAtGate(status) || waits(status);
}

const waits = (status: Status): boolean => isWaitingReason(reconcilingReason(status) ?? '');

/** What the others of the instance say. */
interface Reads {
  readonly now: Date;
  /** When one of them has last read its CA, RFC 3339; undefined: nobody says so. */
  readonly lastRead: string | undefined;
}

/** What waits is likely to reset the instance itself soon, and rolls then. */
const PATIENCE_MS = 60_000;

/** For so long it does not roll for what the others have read. */
export function patienceMs({ status }: SslReset, { now, lastRead }: Reads): number {
  if (!waits(status) || isAtGate(status)) return 0;
  return Math.max(0, (timeOf(lastRead) ?? 0) + PATIENCE_MS - now.getTime());
}

/** What others have read is followed until the deadline: what could not be done by then is left to the next change. */
export const mayFollow = (reset: SslReset, { now, lastRead }: Reads): boolean => !isOver(reset, lastRead, now);

/** From a time that cannot be read it is over: nothing is tried without a bound. */
const isOver = ({ spec }: SslReset, since: string | undefined, now: Date): boolean =>
  now.getTime() >= (timeOf(since) ?? 0) + spec.deadlineSeconds * 1000;

/** A roll was begun for the CAs that are published, and is not at its end; one that stands still for the deadline is left. */
export function hasOpenRoll(reset: SslReset, now: Date): boolean {
  const { rollout, serverCa } = reset.status;
  if (rollout === undefined || reset.spec.rollout.disabled) return false;
  const { total, workloads = [], progress = 0, progressTime } = rollout;
  if (isOver(reset, progressTime ?? serverCa?.readTime, now)) return false;
  // Of a list that is too long, those that have not begun may not be listed.
  const mayHideSome = total !== undefined && total > workloads.length && progress < 100 * total;
  return total === undefined || mayHideSome || workloads.some(isOpen);
}
