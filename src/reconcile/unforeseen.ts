/** What the status says of an error that nobody foresaw: a mistake of the operator, not of the world. */

import { findCondition, stalled, waiting } from '../domain/conditions.ts';
import { describeUnforeseen } from '../domain/errors.ts';
import { deadlineMessage } from '../domain/reset/admission.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { isUnresolved, reconcilingReason, stalledReason } from '../domain/reset/request.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { STEPS, type Step } from '../domain/reset/step.ts';
import type { Conclusion } from './pass.ts';
import { unknownMessage } from './steps/keep-unknown.ts';
/**
 * A reason while it is tried again, and the end of the request at its deadline. An operation that was accepted is
 * followed all the same; a call that is not resolved by then stays unknown. Undefined where the status says it already.
 * @param step undefined: it was not decided
 */
export function concludeUnforeseen(
  error: unknown,
  step: Step | undefined,
  reset: SslReset,
  now: Date,
): Conclusion | undefined {
  const { request } = reset.status;
  const verdict = waiting('InternalError', describeUnforeseen(error));
  const message = `${verdict.reason}: ${verdict.message}`;
  if (!hasDeadline(step)) {
    // There is none, or it is the last request's: it counts from when this was said first.
    if (stalledReason(reset) === 'DeadlineExceeded') return undefined;
    const isOver = isStuckSince(reset, now);
    return { verdict: isOver ? stalled('DeadlineExceeded', deadlineMessage(reset, message)) : verdict };
  }
  if (!isPastDeadline(reset, now)) return { verdict };
  if (request === undefined || !isUnresolved(request)) {
    return { verdict: stalled('DeadlineExceeded', deadlineMessage(reset, message)) };
  }
  return {
    changes: { request: { ...request, outcome: 'Unknown' } },
    verdict: stalled('OutcomeUnknown', unknownMessage(reset, message)),
  };
}

const hasDeadline = (step: Step | undefined): boolean => step !== undefined && STEPS[step.kind].phase !== 'Record';

function isStuckSince({ spec, status }: SslReset, now: Date): boolean {
  const condition = findCondition(status.conditions, 'Reconciling');
  if (condition === undefined || reconcilingReason(status) !== 'InternalError') return false;
  return now.getTime() - Date.parse(condition.lastTransitionTime) >= spec.deadlineSeconds * 1000;
}
