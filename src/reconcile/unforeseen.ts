/** What the status says of an error that nobody foresaw: a mistake of the operator, not of the world. */

import { findCondition, stalled, waiting } from '../domain/conditions.ts';
import { describeUnforeseen, isKubernetesError } from '../domain/errors.ts';
import { deadlineMessage } from '../domain/reset/admission.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { isUnresolved, reconcilingReason, stalledReason } from '../domain/reset/request.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { STEPS, type Step } from '../domain/reset/step.ts';
import { conclude } from './conclude.ts';
import type { Conclusion, Context } from './pass.ts';
import { unknownMessage } from './steps/keep-unknown.ts';

/**
 * Says so in the status of the object as this pass has read it: a record that was written since stands.
 * @param step undefined: it was not decided
 * @throws KubernetesError where the status cannot be written
 */
export async function reportUnforeseen(
  error: unknown,
  step: Step | undefined,
  reset: SslReset,
  context: Context,
): Promise<void> {
  try {
    const conclusion = concludeUnforeseen(error, step, reset, context.clock.now());
    if (conclusion !== undefined) await conclude(reset, conclusion, context);
  } catch (failure) {
    const isUnwritable = isKubernetesError(failure);
    context.logger.error('An unexpected error could not be reported in the status', {
      err: isUnwritable ? error : failure,
    });
    if (isUnwritable) throw failure;
  }
}

/**
 * A reason while it is tried again, and the end of the request at its deadline. An operation that was accepted is
 * followed all the same; a call that is not resolved by then stays unknown. Undefined where the status says it already.
 */
function concludeUnforeseen(
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
