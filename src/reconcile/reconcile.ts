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
import { type Facts, factsOf, summarize } from '../domain/reset/status.ts';
import { STEPS, type Step } from '../domain/reset/step.ts';
import { unusableField } from '../domain/trust/usable.ts';
import { cloudSqlVerdict } from './error-verdict.ts';
import { logFields } from './log-fields.ts';
import { writeOutcome } from './outcome-write.ts';
import type { Context, Finding, StepResult } from './pass.ts';
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
import { unforeseenFinding } from './unforeseen.ts';

export type Action = { readonly kind: 'AwaitChange' } | { readonly kind: 'RequeueAfter'; readonly delayMs: number };

const AWAIT_CHANGE: Action = { kind: 'AwaitChange' };
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
  const finding = unforeseenFinding(error, step, reset, context.clock.now());
  if (finding === undefined) return;
  try {
    await conclude(reset, finding, context);
  } catch (failure) {
    context.logger.error('An unexpected error could not be reported in the status', { err: error });
    throw failure;
  }
}

async function act(step: Step, reset: SslReset, context: Context): Promise<Action> {
  const result = await runOrWait(step, reset, context);
  switch (result.kind) {
    case 'Idle':
      return result.requeueAfterMs === undefined ? AWAIT_CHANGE : requeueAfter(result.requeueAfterMs);
    case 'Status':
      await write(reset, result.status, context);
      return requeueAfter(0);
    case 'Finding':
      return conclude(reset, settle(reset, step, result, context), context);
    case 'CallOutcome':
      return conclude(reset, settle(reset, step, result, context), context, result);
  }
}

function run(step: Step, reset: SslReset, context: Context): StepResult | Promise<StepResult> {
  switch (step.kind) {
    case 'Nothing':
      context.memory.forget(reset.metadata.uid);
      return { kind: 'Idle' };
    case 'Wait':
      return { kind: 'Idle', requeueAfterMs: step.delayMs };
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
    if (isBlocked(error, step, reset, context)) {
      return { kind: 'Finding', facts: factsOf(reset), verdict: waiting('CannotPublish', error.message) };
    }
    if (!(error instanceof CloudSqlError)) throw error;
    const { retryAfterMs } = error;
    return {
      kind: 'Finding',
      facts: factsOf(reset),
      verdict: cloudSqlVerdict(error, step.kind),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }
}

/** Before the reset the admission has judged the spec. One that was edited since is judged before its names are used. */
function unusable({ kind }: Step, reset: SslReset): StepResult | undefined {
  const message = STEPS[kind].usesNames ? unusableField(reset.spec) : undefined;
  return message === undefined
    ? undefined
    : { kind: 'Finding', facts: factsOf(reset), verdict: stalled('InvalidRequest', message) };
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

/** Applies the deadline to what a step found out, and notes the delay that a failure costs. */
function settle(reset: SslReset, step: Step, finding: Finding, { clock, settings }: Context): Finding {
  const now = clock.now();
  const ended = rollFirst(reset, step, afterDeadline({ ...reset, status: finding.facts }, step, finding, now), now);
  const { request } = ended.facts;
  if (request === undefined) return ended;
  return { ...ended, facts: { ...ended.facts, request: delayed(request, ended, now) } };

  function delayed(current: Request, { verdict, retryAfterMs, requeueAfterMs }: Finding, at: Date): Request {
    if (verdict.kind === 'Waiting' && requeueAfterMs === undefined)
      return afterFailure(current, at, settings, retryAfterMs);
    // In line for the quota: no failure of its own, and no end of those that it has.
    const { keepsDelay } = STEPS[step.kind];
    if (keepsDelay === 'Always' || (keepsDelay === 'InLine' && verdict.kind === 'Waiting')) return current;
    return hasMovedOn(verdict) ? withoutFailures(current) : withoutDelay(current);
  }
}

/** Whoever does not need a client certificate that cannot be issued does not wait for it. */
function rollFirst(reset: SslReset, { kind }: Step, finding: Finding, now: Date): Finding {
  const facts = STEPS[kind].rollsRestFirst ? holdingBack(reset, finding, now) : undefined;
  if (facts === undefined) return finding;
  const { reason, message } = finding.verdict;
  const verdict = progressing('RollingOut', `Workloads that do not need it roll first. ${reason}: ${message}`);
  return { facts, verdict, ...(finding.events !== undefined && { events: finding.events }) };
}

/** Failures are forgotten only when the step at which they happened is behind us. */
const hasMovedOn = ({ kind, reason }: Verdict): boolean => kind !== 'Progressing' || !PROGRESS[reason].keepsFailures;

/** Nothing waits without a bound, except for an operation that Cloud SQL has accepted and not ended. */
function afterDeadline(reset: SslReset, step: Step, finding: Finding, now: Date): Finding {
  const { facts, verdict } = finding;
  const message = `${verdict.reason}: ${verdict.message}`;
  const isWaiting = verdict.kind === 'Waiting' || (verdict.kind === 'Progressing' && isAfterReset(step));
  const { atDeadline } = STEPS[step.kind];
  if (!isWaiting || atDeadline === 'GoesOn' || !isPastDeadline(reset, now)) return finding;
  if (atDeadline === 'Stalls')
    return { ...finding, verdict: stalled('DeadlineExceeded', deadlineMessage(reset, message)) };
  const unknown: Facts =
    facts.request === undefined ? facts : { ...facts, request: { ...facts.request, outcome: 'Unknown' } };
  return { ...finding, facts: unknown, verdict: stalled('OutcomeUnknown', unknownMessage(reset, message)) };
}

const isAfterReset = ({ kind }: Pick<Step, 'kind'>): boolean => STEPS[kind].phase === 'AfterReset';

/** Writes the status if it changed, tells of what happened, and says when to come back. */
async function conclude(
  before: SslReset,
  finding: Finding,
  context: Context,
  record?: Extract<StepResult, { kind: 'CallOutcome' }>,
): Promise<Action> {
  const now = context.clock.now();
  const written =
    record === undefined
      ? await write(before, summarize(before, finding.facts, finding.verdict, now), context)
      : await writeOutcome(record, finding, context);
  // An outcome that found no record any more may have landed with its answer lost: the object tells.
  if (written === 'Conflict' || (written === undefined && record !== undefined)) return requeueAfter(0);
  if (written === undefined) return AWAIT_CHANGE;
  publishEvents(before, written, finding, context);
  return comeBack(written, finding, context);
}

function comeBack(
  written: SslReset,
  { verdict, requeueAfterMs }: Finding,
  { clock, index, settings }: Context,
): Action {
  const now = clock.now();
  if (verdict.kind === 'Waiting') return requeueAfter(requeueAfterMs ?? remainingDelayMs(written.status.request, now));
  if (verdict.kind === 'Progressing') {
    return requeueAfterMs === Number.POSITIVE_INFINITY ? AWAIT_CHANGE : requeueAfter(requeueAfterMs ?? 0);
  }
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
