import { oneLine } from '../../../lib/one-line.ts';
import { afterFailure, type RetryPolicy } from '../../call/retry.ts';
import { retryCommand } from '../deadline.ts';
import type { CloudSqlServerCa } from '../server-ca-object.ts';
import { phaseOf, type Rotation, stalledBy, standsStillMs } from './rotation.ts';
import { type Stall, stall } from './stall-words.ts';

/**
 * That the rotation has stood still for `deadlineSeconds`; undefined: it may be tried again. Until a switch is taken back
 * clients may be cut off: that is tried without an end.
 * @param why what was in the way last
 */
export function pastDeadline(object: CloudSqlServerCa, why: string, now: Date): Stall | undefined {
  const { deadlineSeconds } = object.spec;
  const isOver = standsStillMs(object.status, now) >= deadlineSeconds * 1000;
  if (!isOver || phaseOf(object.status) === 'SwitchingBack') return undefined;
  const last = `No progress of the rotation within deadlineSeconds (${deadlineSeconds} s). Last: ${oneLine(why, 600)}`;
  return stall('DeadlineExceeded', `${last}. Put that right, then retry with: ${retryCommand(object)}`);
}

interface Hindrance {
  /** As the call has left it, which was not executed. */
  readonly rotation: Rotation;
  readonly why: string;
  readonly retryAfterMs?: number | undefined;
}

/** Called again, slower each time, until the deadline. */
export function hindered(
  object: CloudSqlServerCa,
  { rotation, why, retryAfterMs }: Hindrance,
  now: Date,
  policy: RetryPolicy,
): Rotation {
  const over = pastDeadline(object, why, now);
  if (over !== undefined) return stalledBy(rotation, { ...over, message: oneLine(over.message) }, now);
  const gate = { reason: 'RotationDue', message: oneLine(why) };
  return afterFailure({ ...rotation, gate }, now, policy, retryAfterMs);
}
