/** The end of a pass: the status is written, what happened is published, and the next pass is planned. */
import { isDeepStrictEqual } from 'node:util';
import { lateLookDelayMs, lookAgainDelayMs, remainingDelayMs } from '../domain/call/retry.ts';
import { findCondition, type Verdict } from '../domain/conditions.ts';
import { isKubernetesError } from '../domain/errors.ts';
import { STALLED } from '../domain/reason-rules.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { decide } from '../domain/reset/decide.ts';
import { awaitsWindow } from '../domain/reset/held-back.ts';
import { isBarred, isNewerGeneration, isSettled } from '../domain/reset/request.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import { summarize, withChanges } from '../domain/reset/status.ts';
import { wantsPasswords } from '../domain/trust/keystore-password.ts';
import { type Action, awaitChange, requeueAfter, requeueNow } from '../lib/action.ts';
import { ALONE } from './indexed-reset.ts';
import { writeOutcome } from './outcome-write.ts';
import { type Conclusion, type Context, type Next, nextOf, type StepResult } from './pass.ts';
import { publishEvents } from './publish-events.ts';

export interface Concluded {
  readonly action: Action;
  /** The object as it is now, where it may be worked on at once. */
  readonly written?: SslReset;
}

export async function conclude(before: SslReset, result: StepResult, context: Context): Promise<Concluded> {
  if (result.verdict !== undefined) return concludeWith(before, result, context);
  if (result.changes !== undefined) await write(before, withChanges(before, result.changes).status, context);
  return { action: actionOf(result.next, before, context) };
}

async function concludeWith(before: SslReset, conclusion: Conclusion, context: Context): Promise<Concluded> {
  const { changes = {}, verdict, call } = conclusion;
  const written =
    call === undefined
      ? await write(before, summarize(before, changes, verdict, context.clock.now()), context)
      : await writeOutcome(call, conclusion, context);
  // An outcome that found no record any more may have landed with its answer lost: the object shows it.
  if (written === 'Conflict' || (written === undefined && call !== undefined)) return { action: requeueNow() };
  if (written === undefined) return { action: awaitChange() };
  publishEvents(before, written, conclusion, context);
  if (written !== before && isLeftBehind(written, context)) return { action: requeueNow() };
  const next = nextOf(conclusion);
  if (next === undefined) return { action: afterEnd(written, verdict, context) };
  return { action: actionOf(next, written, context), ...(next.kind === 'Now' && { written }) };
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
    if (isBehind(written, index)) return requeueNow();
    // The next pass knows for how long.
    if (isSettled(written.status.request) && awaitsWindow(written.status)) return requeueNow();
    const looksOn = verdict.kind === 'Ready' && wantsPasswords(written.spec);
    return looksOn ? requeueAfter(settings.serverCaResyncMs) : awaitChange();
  }
  if (verdict.reason === 'NotPermitted') return requeueAfter(lateLookDelayMs(settings));
  const since = findCondition(written.status.conditions, 'Stalled')?.lastTransitionTime;
  const elapsedMs = since === undefined ? 0 : now.getTime() - Date.parse(since);
  return requeueAfter(lookAgainDelayMs(elapsedMs, settings));
}

/** Its request was just held back, and what it published is not right: no event is left that would bring it back. */
function isLeftBehind(written: SslReset, { clock, index }: Context): boolean {
  const siblings = index.siblingsOf(written);
  const seen = { isOutdated: siblings.makeOutdated(), lastRead: siblings.lastRead() };
  return decide(written, { ...ALONE, ...seen, now: clock.now() }).kind === 'CatchUp';
}

/** Something came up before this end, and no event is left that would bring the object back. */
function isBehind(written: SslReset, index: Context['index']): boolean {
  const siblings = index.siblingsOf(written);
  const isOld = siblings.makeOutdated() || siblings.rotations.haveLeftCas();
  return (isSettled(written.status.request) && isOld) || siblings.lost().length > 0;
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
