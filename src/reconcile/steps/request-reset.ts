import { type Classification, classifyCall } from '../../domain/call/classification.ts';
import type { Before } from '../../domain/call/operation.ts';
import type { CallResult } from '../../domain/call/result.ts';
import type { PollPolicy, RetryPolicy } from '../../domain/call/retry.ts';
import { progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError, isKubernetesError } from '../../domain/errors.ts';
import type { ReadyReason } from '../../domain/reasons.ts';
import { admissionObstacle } from '../../domain/reset/admission.ts';
import type { Call } from '../../domain/reset/hourly-limit.ts';
import { wasRefused } from '../../domain/reset/request.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { summarize } from '../../domain/reset/status.ts';
import { toTime } from '../../lib/time.ts';
import { TwoClockWindow } from '../../lib/two-clock-window.ts';
import { resetOutcome } from '../outcome-write.ts';
import { AWAIT_CHANGE, after, backOff, type Conclusion, type Context, NOW, type StepResult } from '../pass.ts';
import type { Slot } from '../ports.ts';
import { recordObstacle } from '../write-ahead.ts';
import { announce } from './announce.ts';
import { awaitSlot } from './await-slot.ts';
import { hasRunAfterAll, resolveFirst } from './earlier-call.ts';
import { progress } from './follow-operation.ts';
import { whyNotReady } from './not-ready.ts';
import { isPermitted } from './permitted.ts';
import { type Preflight, preflight, requesting, rivalObstacle } from './preflight.ts';

/** Admission, slot, preflight, record, call: the only place from which resetSslConfig is called. */
export async function requestReset(reset: SslReset, context: Context): Promise<StepResult> {
  const { request } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const refused = await admission(reset, context);
  if (refused !== undefined) {
    context.index.dismiss(reset);
    if (await hasRunAfterAll(reset, request, context)) return resolveFirst(reset, request, context);
    return { verdict: refused };
  }
  if (!context.index.isExclusive(reset)) {
    context.index.admit(reset);
    return { next: NOW };
  }
  const slot = context.callQueue.take(reset);
  if (slot === undefined) return awaitSlot(reset, context);
  try {
    return await withSlot(reset, request, slot, context);
  } finally {
    slot.giveBack();
  }
}

/** What is found out before the call is not older than its slot. */
async function withSlot(reset: SslReset, request: Request, slot: Slot, context: Context): Promise<StepResult> {
  const checked = await preflightOf(reset, request, context);
  switch (checked.kind) {
    case 'Obstacle':
      return { verdict: checked.verdict };
    case 'Resolve':
      return resolveFirst(reset, request, context);
    case 'AlreadyDone':
      return alreadyDone({ ...request, doneTime: toTime(context.clock.now()) }, checked.reason);
    case 'Clear':
      await announce(reset, context);
      return call(reset, request, { ...checked, slot }, context);
  }
}

/** An instance that stops meanwhile refuses to be read, and is waited for like one that was stopped before. */
async function preflightOf(reset: SslReset, request: Request, context: Context): Promise<Preflight> {
  try {
    return await preflight(reset, request, context);
  } catch (error) {
    const isRefused = error instanceof CloudSqlError && error.kind === 'Invalid';
    const verdict = isRefused ? await whyNotReady(reset, context) : undefined;
    if (verdict === undefined) throw error;
    return { kind: 'Obstacle', verdict };
  }
}

async function admission(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const { requirePreconditions } = context.settings;
  return admissionObstacle(reset, {
    permission: await isPermitted(reset, context),
    requirePreconditions,
    now: context.clock.now(),
  });
}

const alreadyDone = (request: Request, reason: ReadyReason): StepResult => ({
  changes: { request: { ...request, outcome: 'AlreadyDone' } },
  verdict: progressing(
    'Publishing',
    reason === 'AlreadyPresent'
      ? 'The instance already has a server certificate: nothing is called'
      : 'The server CA is no longer the one of the precondition: nothing is called',
  ),
});

/**
 * The order is the promise: a slot and a token first, so that nothing slow is left; permission as it is now; the record,
 * under the resourceVersion of the object that was judged; then, only while the lease and the window hold, the call.
 */
async function call(
  reset: SslReset,
  request: Request,
  { before, user, slot }: { readonly before: Before; readonly user: string | undefined; readonly slot: Slot },
  context: Context,
): Promise<StepResult> {
  const { clock, cloudSql, index, settings, leadership } = context;
  const { uid } = reset.metadata;
  const send = await cloudSql.prepareReset(reset.spec, reset.spec.mode, slot);
  const refused = (await admission(reset, context)) ?? rivalObstacle(reset, context) ?? hourlyLimit(context);
  if (refused !== undefined) return { verdict: refused };

  const window = new TwoClockWindow(clock, settings.callWindowMs);
  const attempt = recordedAttempt(request, { before, user, time: recordTime(clock.now()) });
  const call: Call = { uid, timeMs: Date.parse(attempt.time) };
  index.calls.note(call);
  const recorded = await record(reset, attempt, context).catch((error: unknown) => {
    if (isKubernetesError(error, 'Conflict', 'NotFound', 'NotLeading')) index.calls.forget(call);
    throw error;
  });
  if (!leadership.isLeader()) return { next: after(settings.retryMinMs) };
  const unsent = notSent(attempt, { recorded, window }, settings);
  if (unsent !== undefined) {
    index.calls.forget(call);
    return { ...unsent, call: { recorded, outcomeWrite: resetOutcome } };
  }
  const result = await send();
  const classification = await classified(result, recorded, attempt, context);
  if (classification.kind === 'NotExecuted' || classification.kind === 'Invalid') index.calls.forget(call);
  return { ...outcome(attempt, classification, settings), call: { recorded, outcomeWrite: resetOutcome } };
}

/**
 * What is refused for good is not tried again, so there is no preflight to find out that it was executed after all, or that
 * the instance has stopped.
 */
async function classified(
  result: CallResult,
  recorded: SslReset,
  attempt: Attempt,
  context: Context,
): Promise<Classification> {
  const classification = classifyCall(result, { inDoubt: attempt.inDoubt === true });
  if (classification.kind !== 'Invalid') return classification;
  const { message } = classification;
  if (await hasRunAfterAll(recorded, { ...attempt, outcome: 'Refused' }, context)) {
    return {
      kind: 'Resolve',
      message: `The instance shows that the call may have been executed all the same: ${message}`,
    };
  }
  const notReady = await whyNotReady(recorded, context);
  if (notReady === undefined) return classification;
  return {
    kind: 'NotExecuted',
    outcome: 'Refused',
    reason: 'WaitingForInstance',
    message: `${notReady.message}. Cloud SQL refused the call: ${message}`,
  };
}

/** To the millisecond, by which two calls of one object differ. */
const recordTime = (now: Date): string => now.toISOString().replace('.000Z', 'Z');

type Attempt = Request & { readonly time: string };

function recordedAttempt(
  request: Request,
  { before, user, time }: { readonly before: Before; readonly user: string | undefined; readonly time: string },
): Attempt {
  const { outcome: _outcome, user: _user, retryTime: _retryTime, ...rest } = request;
  return {
    ...rest,
    attempt: request.attempt + 1,
    time,
    before,
    ...(user !== undefined && { user }),
    ...(wasRefused(request) && { refused: true }),
  };
}

/** The write-ahead record: from here on a call may have been made. */
async function record(
  reset: SslReset,
  request: Attempt,
  { resets, clock, index, wake, logger }: Context,
): Promise<SslReset> {
  const { attempt } = request;
  const recorded = await resets.updateStatus(reset, summarize(reset, { request }, requesting(attempt), clock.now()));
  wake(index.applyOwnWrite(recorded));
  logger.info('Call of resetSslConfig recorded', { attempt });
  return recorded;
}

function hourlyLimit({ index, clock, settings: { maxResetsPerHour } }: Context): Verdict | undefined {
  if (maxResetsPerHour === 0 || index.calls.count(clock.now()) < maxResetsPerHour) return undefined;
  return waiting(
    'Throttled',
    `${maxResetsPerHour} resets were called in the last hour, as many as --max-resets-per-hour allows`,
  );
}

/** Why nothing may be sent on this record. */
function notSent(
  attempt: Attempt,
  { recorded, window }: { readonly recorded: SslReset; readonly window: TwoClockWindow },
  { retryMinMs }: RetryPolicy,
): Conclusion | undefined {
  const obstacle = recordObstacle('status.request', attempt, recorded.status.request);
  if (obstacle !== undefined) {
    return { changes: { request: { ...attempt, outcome: 'NotSent' } }, verdict: obstacle };
  }
  return window.isOpen() ? undefined : windowClosed(attempt, retryMinMs);
}

const windowClosed = (attempt: Attempt, retryMinMs: number): Conclusion => ({
  changes: { request: { ...attempt, outcome: 'NotSent' } },
  verdict: progressing(
    'Preflight',
    'Writing the record took longer than the call window: nothing was sent; a new attempt begins',
  ),
  next: after(retryMinMs),
});

function outcome(attempt: Attempt, classification: Classification, { pollMinMs }: PollPolicy): Conclusion {
  switch (classification.kind) {
    case 'Accepted': {
      const { operation } = classification;
      return {
        changes: { operation, request: { ...attempt, outcome: 'Accepted', answered: true } },
        verdict: progress(operation),
        next: after(pollMinMs),
        events: [
          {
            type: 'Normal',
            reason: 'ResetAccepted',
            action: 'Reset',
            note: `Cloud SQL accepted the reset as operation ${operation.name}`,
          },
        ],
      };
    }
    case 'NotExecuted': {
      const { retryAfterMs } = classification;
      return {
        changes: { request: { ...attempt, outcome: classification.outcome } },
        verdict: waiting(classification.reason, classification.message),
        next: backOff(retryAfterMs),
      };
    }
    case 'Invalid':
      return {
        changes: { request: { ...attempt, outcome: 'Refused' } },
        verdict: stalled(classification.reason, `Cloud SQL refused the call for good: ${classification.message}`),
      };
    case 'Resolve':
      return {
        changes: { request: { ...attempt, inDoubt: true } },
        verdict: progressing('ResolvingOutcome', classification.message),
      };
  }
}
