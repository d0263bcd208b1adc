/** The end of a pass: the status is written, what happened is published, and the next pass is planned. */
import { isDeepStrictEqual } from 'node:util';
import { lookAgainDelayMs, remainingDelayMs } from '../domain/call/retry.ts';
import { findCondition, type Verdict } from '../domain/conditions.ts';
import { isKubernetesError } from '../domain/errors.ts';
import { STALLED } from '../domain/reasons.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { isBarred, isNewerGeneration, isSettled } from '../domain/reset/request.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import { summarize, withChanges } from '../domain/reset/status.ts';
import { type Action, awaitChange, requeueAfter, requeueNow } from '../lib/action.ts';
import { writeOutcome } from './outcome-write.ts';
import { type Conclusion, type Context, type Next, nextOf, type StepResult } from './pass.ts';
import { publishEvents } from './publish-events.ts';

export async function conclude(before: SslReset, result: StepResult, context: Context): Promise<Action> {
  if (result.verdict !== undefined) return concludeWith(before, result, context);
  if (result.changes !== undefined) await write(before, withChanges(before, result.changes).status, context);
  return actionOf(result.next, before, context);
}

async function concludeWith(before: SslReset, conclusion: Conclusion, context: Context): Promise<Action> {
  const { changes = {}, verdict, call } = conclusion;
  const written =
    call === undefined
      ? await write(before, summarize(before, changes, verdict, context.clock.now()), context)
      : await writeOutcome(call, conclusion, context);
  // An outcome that found no record any more may have landed with its answer lost: the object shows it.
  if (written === 'Conflict' || (written === undefined && call !== undefined)) return requeueNow();
  if (written === undefined) return awaitChange();
  publishEvents(before, written, conclusion, context);
  const next = nextOf(conclusion);
  return next === undefined ? afterEnd(written, verdict, context) : actionOf(next, written, context);
}

function actionOf(next: Next, { status }: SslReset, { clock }: Context): Action {
  switch (next.kind) {
    case 'Now':
      return requeueNow();
    case 'AwaitChange':
      return awaitChange();
    case 'After':
      return requeueAfter(next.ms);
    case 'BackOff':
      return requeueAfter(remainingDelayMs(status.request, clock.now()));
  }
}

function afterEnd(written: SslReset, verdict: Verdict, { clock, index, settings }: Context): Action {
  const now = clock.now();
  // A newer one that came while this one was being found out waits for nothing but this end.
  if (isNewerGeneration(written)) return requeueNow();
  const looksAgain = verdict.kind === 'Stalled' && STALLED[verdict.reason].looksAgain;
  if (!looksAgain || (isPastDeadline(written, now) && !isBarred(written))) {
    return isBehind(written, index) ? requeueNow() : awaitChange();
  }
  const since = findCondition(written.status.conditions, 'Stalled')?.lastTransitionTime;
  const elapsedMs = since === undefined ? 0 : now.getTime() - Date.parse(since);
  return requeueAfter(lookAgainDelayMs(elapsedMs, settings));
}

/** Something came up before this end, and no event is left that would bring the object back. */
function isBehind(written: SslReset, index: Context['index']): boolean {
  const siblings = index.siblingsOf(written);
  return (isSettled(written.status.request) && siblings.makeOutdated()) || siblings.lost().length > 0;
}

/** Status is written only on change. A conflict means that the facts are old: the next pass reads them again. */
async function write(
  reset: SslReset,
  status: Status,
  { resets, index, wake }: Context,
): Promise<SslReset | 'Conflict' | undefined> {
  if (isDeepStrictEqual(reset.status, status)) return reset;
  try {
    const written = await resets.updateStatus(reset, status);
    wake(index.applyOwnWrite(written));
    return written;
  } catch (error) {
    if (isKubernetesError(error, 'Conflict')) return 'Conflict';
    if (isKubernetesError(error, 'NotFound')) return undefined;
    throw error;
  }
}
