import { isDeepStrictEqual } from 'node:util';
import {
  afterFailure,
  lookAgainDelayMs,
  remainingDelayMs,
  withoutDelay,
  withoutFailures,
} from '../domain/call/retry.ts';
import { findCondition, progressing, stalled, type Verdict, waiting } from '../domain/conditions.ts';
import { CloudSqlError, isKubernetesError, type KubernetesError } from '../domain/errors.ts';
import { PROGRESS, STALLED } from '../domain/reasons.ts';
import { deadlineMessage } from '../domain/reset/admission.ts';
import { holdingBack } from '../domain/reset/certificate-hold.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { decide } from '../domain/reset/decide.ts';
import { isBarred, isNewerGeneration, isSettled } from '../domain/reset/request.ts';
import type { Request, SslReset, Status } from '../domain/reset/ssl-reset.ts';
import { summarize, withChanges } from '../domain/reset/status.ts';
import { STEPS, type Step } from '../domain/reset/step.ts';
import { unusableField } from '../domain/trust/usable.ts';
import { cloudSqlVerdict } from './error-verdict.ts';
import { logFields } from './log-fields.ts';
import { writeOutcome } from './outcome-write.ts';
import {
  AWAIT_CHANGE,
  after,
  backOff,
  type Conclusion,
  type Context,
  type Next,
  NOW,
  type StepResult,
} from './pass.ts';
import type { ObjectRef } from './ports.ts';
import { publishEvents } from './publish-events.ts';
import { delayAtStandstill } from './standstill.ts';
import { followOperation, withLastWord } from './steps/follow-operation.ts';
import { issueClientCertificates } from './steps/issue-client-certificates.ts';
import { keepUnknown, unknownMessage } from './steps/keep-unknown.ts';
import { lookAround } from './steps/look-around.ts';
import { publish } from './steps/publish.ts';
import { receive } from './steps/receive.ts';
import { recordRetry } from './steps/record-retry.ts';
import { requestReset } from './steps/request-reset.ts';
import { resolveOutcome } from './steps/resolve.ts';
import { resolveCertificate } from './steps/resolve-certificate.ts';
import { roll } from './steps/roll.ts';
import { suspend } from './steps/suspend.ts';
import { concludeUnforeseen } from './unforeseen.ts';

export type Action = { readonly kind: 'AwaitChange' } | { readonly kind: 'RequeueAfter'; readonly delayMs: number };

const requeueAfter = (delayMs: number): Action => ({ kind: 'RequeueAfter', delayMs });

/**
 * One pass: read the object as it is now, decide on one step, run it, write what it found out, say when to come back.
 * A kill between any two lines is just another pass.
 * @throws KubernetesError for what the error policy tries again
 */
export async function reconcile(ref: ObjectRef, context: Context): Promise<Action> {
  const slot = context.callQueue.slotOf(ref);
  try {
    const reset = await context.resets.get(ref);
    if (reset === undefined) return AWAIT_CHANGE;
    return await passOver(reset, { ...context, logger: context.logger.child(logFields(reset)) });
  } finally {
    slot?.giveBack();
  }
}

async function passOver(reset: SslReset, context: Context): Promise<Action> {
  const { clock, index } = context;
  let step: Step | undefined;
  try {
    const siblings = index.siblingsOf(reset);
    step = decide(reset, {
      now: clock.now(),
      isOutdated: siblings.makeOutdated(),
      hasLostSibling: siblings.lost().length > 0,
    });
    context.onDecided?.(reset, step.kind);
    const action = await act(step, reset, context);
    const isAtOnce = action.kind === 'RequeueAfter' && action.delayMs === 0;
    return isAtOnce ? requeueAfter(delayAtStandstill(reset, step, context)) : action;
  } catch (error) {
    if (!isKubernetesError(error)) await tellUnforeseen(error, step, reset, context);
    throw error;
  }
}

/** Only the object as this pass has read it says so: a record that was written since stands. */
async function tellUnforeseen(
  error: unknown,
  step: Step | undefined,
  reset: SslReset,
  context: Context,
): Promise<void> {
  const conclusion = concludeUnforeseen(error, step, reset, context.clock.now());
  if (conclusion === undefined) return;
  try {
    await conclude(reset, conclusion, context);
  } catch (failure) {
    context.logger.error('An unexpected error could not be reported in the status', { err: error });
    throw failure;
  }
}

async function act(step: Step, reset: SslReset, context: Context): Promise<Action> {
  const result = await runOrWait(step, reset, context);
  if (result.verdict !== undefined) return conclude(reset, settle(reset, step, result, context), context);
  if (result.changes !== undefined) await write(reset, withChanges(reset, result.changes).status, context);
  return actionOf(result.next, reset, context);
}

function run(step: Step, reset: SslReset, context: Context): StepResult | Promise<StepResult> {
  switch (step.kind) {
    case 'Nothing':
      context.memory.forget(reset.metadata.uid);
      return { next: AWAIT_CHANGE };
    case 'Wait':
      return { next: after(step.delayMs) };
    case 'Receive':
      return receive(reset, step.arrival, context);
    case 'RecordRetry':
      return recordRetry(reset);
    case 'LookAround':
      return lookAround(reset, context);
    case 'Suspend':
      return suspend(reset);
    case 'KeepUnknown':
      return keepUnknown(reset);
    case 'Resolve':
      return resolveOutcome(reset, context);
    case 'Follow':
      return followOperation(reset, context);
    case 'RequestReset':
      return requestReset(reset, context);
    case 'ResolveCertificate':
      return resolveCertificate(reset, context);
    case 'Publish':
      return publish(reset, context);
    case 'Issue':
      return issueClientCertificates(reset, context);
    case 'Roll':
      return roll(reset, context).then((result) => withLastWord(result, reset, context));
  }
}

/** A read of Cloud SQL that fails is something to wait for, with its reason in the status. */
async function runOrWait(step: Step, reset: SslReset, context: Context): Promise<StepResult> {
  try {
    return unusable(step, reset) ?? (await run(step, reset, context));
  } catch (error) {
    if (isBlocked(error, step, reset, context)) return { verdict: waiting('CannotPublish', error.message) };
    if (!(error instanceof CloudSqlError)) throw error;
    return { verdict: cloudSqlVerdict(error, step.kind), next: backOff(error.retryAfterMs) };
  }
}

/** Before the reset the admission has judged the spec. One that was edited since is judged before its names are used. */
function unusable({ kind }: Step, { spec }: SslReset): StepResult | undefined {
  const message = STEPS[kind].usesNames ? unusableField(spec) : undefined;
  return message === undefined ? undefined : { verdict: stalled('InvalidRequest', message) };
}

/** What the API server does not get done, a broken webhook say, is tried again without a word until the deadline. */
const isBlocked = (
  error: unknown,
  { kind }: Pick<Step, 'kind'>,
  reset: SslReset,
  { clock }: Context,
): error is KubernetesError =>
  isKubernetesError(error, 'Unavailable', 'Forbidden', 'Refused') &&
  (STEPS[kind].phase === 'Call' || isAfterReset({ kind })) &&
  isPastDeadline(reset, clock.now());

/** Applies the deadline to what a step concluded, and notes the delay that a failure costs. */
function settle(reset: SslReset, step: Step, conclusion: Conclusion, { clock, settings }: Context): Conclusion {
  const now = clock.now();
  const ended = rollFirst(reset, step, afterDeadline(reset, step, conclusion, now), now);
  const { request } = concluded(reset, ended).status;
  return request === undefined ? ended : { ...ended, changes: { ...ended.changes, request: delayed(request) } };

  function delayed(current: Request): Request {
    const next = nextOf(ended);
    if (next?.kind === 'BackOff') return afterFailure(current, now, settings, next.atLeastMs);
    // In line for the quota: no failure of its own, and no end of those that it has.
    const { keepsDelay } = STEPS[step.kind];
    if (keepsDelay === 'Always' || (keepsDelay === 'InLine' && ended.verdict.kind === 'Waiting')) return current;
    return hasMovedOn(ended.verdict) ? withoutFailures(current) : withoutDelay(current);
  }
}

/** The object as it stands once that is written. */
const concluded = (reset: SslReset, { changes = {}, call }: Conclusion): SslReset =>
  withChanges(call?.recorded ?? reset, changes);

/** Whoever does not need a client certificate that cannot be issued does not wait for it. */
function rollFirst(reset: SslReset, { kind }: Step, conclusion: Conclusion, now: Date): Conclusion {
  const { changes, verdict, next, ...rest } = conclusion;
  const retryAfterMs = next?.kind === 'BackOff' ? next.atLeastMs : 0;
  const request = STEPS[kind].rollsRestFirst
    ? holdingBack(concluded(reset, conclusion), verdict, retryAfterMs, now)
    : undefined;
  if (request === undefined) return conclusion;
  const message = `Workloads that do not need it roll first. ${verdict.reason}: ${verdict.message}`;
  return { ...rest, changes: { ...changes, request }, verdict: progressing('RollingOut', message) };
}

/** Failures are forgotten only when the step at which they happened is behind us. */
const hasMovedOn = ({ kind, reason }: Verdict): boolean => kind !== 'Progressing' || !PROGRESS[reason].keepsFailures;

/** Nothing waits without a bound, except for an operation that Cloud SQL has accepted and not ended. */
function afterDeadline(reset: SslReset, step: Step, conclusion: Conclusion, now: Date): Conclusion {
  const { changes, verdict } = conclusion;
  const seen = concluded(reset, conclusion);
  const isWaiting = verdict.kind === 'Waiting' || (verdict.kind === 'Progressing' && isAfterReset(step));
  const { atDeadline } = STEPS[step.kind];
  if (!isWaiting || atDeadline === 'GoesOn' || !isPastDeadline(seen, now)) return conclusion;
  const message = `${verdict.reason}: ${verdict.message}`;
  if (atDeadline === 'Stalls') {
    return { ...conclusion, verdict: stalled('DeadlineExceeded', deadlineMessage(seen, message)) };
  }
  const { request } = seen.status;
  return {
    ...conclusion,
    changes: { ...changes, ...(request && { request: { ...request, outcome: 'Unknown' } }) },
    verdict: stalled('OutcomeUnknown', unknownMessage(seen, message)),
  };
}

const isAfterReset = ({ kind }: Pick<Step, 'kind'>): boolean => STEPS[kind].phase === 'AfterReset';

/** Writes the status if it changed, tells of what happened, and says when to come back. */
async function conclude(before: SslReset, conclusion: Conclusion, context: Context): Promise<Action> {
  const { changes = {}, verdict, call } = conclusion;
  const written =
    call === undefined
      ? await write(before, summarize(before, changes, verdict, context.clock.now()), context)
      : await writeOutcome(call, conclusion, context);
  // An outcome that found no record any more may have landed with its answer lost: the object tells.
  if (written === 'Conflict' || (written === undefined && call !== undefined)) return requeueAfter(0);
  if (written === undefined) return AWAIT_CHANGE;
  publishEvents(before, written, conclusion, context);
  const next = nextOf(conclusion);
  return next === undefined ? afterEnd(written, verdict, context) : actionOf(next, written, context);
}

/** A verdict that ends the request has none. */
function nextOf({ verdict: { kind }, next }: Conclusion): Next | undefined {
  if (kind === 'Ready' || kind === 'Stalled') return undefined;
  return next ?? (kind === 'Waiting' ? backOff() : NOW);
}

function actionOf(next: Next, { status }: SslReset, { clock }: Context): Action {
  switch (next.kind) {
    case 'Now':
      return requeueAfter(0);
    case 'AwaitChange':
      return AWAIT_CHANGE;
    case 'After':
      return requeueAfter(next.ms);
    case 'BackOff':
      return requeueAfter(remainingDelayMs(status.request, clock.now()));
  }
}

function afterEnd(written: SslReset, verdict: Verdict, { clock, index, settings }: Context): Action {
  const now = clock.now();
  // A newer one that came while this one was being found out waits for nothing but this end.
  if (isNewerGeneration(written)) return requeueAfter(0);
  const looksAgain = verdict.kind === 'Stalled' && STALLED[verdict.reason].looksAgain;
  if (!looksAgain || (isPastDeadline(written, now) && !isBarred(written))) {
    return isBehind(written, index) ? requeueAfter(0) : AWAIT_CHANGE;
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

/** Status is written only on change. A conflict means that the facts are old: the next pass reads them anew. */
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
