/** The end of a pass: the status is written where it changed, what happened is published, and the next pass is planned. */
import { isDeepStrictEqual } from 'node:util';
import { retryDelayMs } from '../../domain/call/retry.ts';
import { waiting } from '../../domain/conditions.ts';
import { describeUnforeseen, isKubernetesError } from '../../domain/errors.ts';
import { retryValue } from '../../domain/object.ts';
import { withinDeadline } from '../../domain/server-ca/deadline.ts';
import { withRotation } from '../../domain/server-ca/rotation/rotated-condition.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { summarize } from '../../domain/server-ca/status.ts';
import { type Action, awaitChange, requeueAfter, requeueNow } from '../../lib/action.ts';
import { reportEvents, subjectOf } from '../publish-events.ts';
import type { ServerCaContext, StepResult } from './context.ts';
import { dueMove } from './rotation/facts.ts';

export async function conclude(
  object: CloudSqlServerCa,
  result: StepResult,
  context: ServerCaContext,
): Promise<Action> {
  if (result.verdict === undefined) return requeueAfter(untilNext(object, result.afterMs, context));
  const { written = object } = result;
  const { serverCas, index, wake, clock } = context;
  const now = clock.now();
  const { events = [], afterMs } = result;
  const verdict = withinDeadline(written, result.changes ?? {}, result.verdict, now);
  const retry = retryValue(written);
  // It has had its time.
  const isSpent = verdict !== result.verdict && retry !== undefined;
  const changes = { ...result.changes, ...(isSpent && { retry }) };
  const status = summarize(written, changes, verdict, now);
  try {
    const isNew = !isDeepStrictEqual(written.status, status);
    if (isNew) wake(index.applyOwnWrite(await serverCas.updateStatus(written, status)));
    const subject = subjectOf(object.kind, object.metadata);
    if (isNew)
      reportEvents(
        object.status.conditions,
        { events, verdict: withRotation(verdict, { ...written, status }) },
        { ...context, subject },
      );
    return requeueAfter(untilNext({ ...written, status }, afterMs, context));
  } catch (error) {
    // The facts are old: the next pass reads them again.
    if (isKubernetesError(error, 'Conflict')) return requeueNow();
    if (isKubernetesError(error, 'NotFound')) return awaitChange();
    throw error;
  }
}

/** A rotation may have something to do before that. */
const untilNext = (object: CloudSqlServerCa, afterMs: number, context: ServerCaContext): number =>
  Math.min(afterMs, dueMove(object, context).dueInMs);

/** Says so in the status. @throws KubernetesError where that cannot be written */
export async function reportUnforeseen(
  error: unknown,
  _step: unknown,
  object: CloudSqlServerCa,
  context: ServerCaContext,
): Promise<void> {
  const afterMs = retryDelayMs(1, context.settings);
  await conclude(object, { verdict: waiting('InternalError', describeUnforeseen(error)), afterMs }, context);
}
