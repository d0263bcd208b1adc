/** What the deadline and the failures of a request make of what a step concluded. */
import { afterFailure, withoutDelay, withoutFailures } from '../domain/call/retry.ts';
import { progressing, stalled, type Verdict } from '../domain/conditions.ts';
import { PROGRESS, WAITING } from '../domain/reason-rules.ts';
import { deadlineMessage } from '../domain/reset/admission.ts';
import { holdingBack } from '../domain/reset/certificate-hold.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import { mayHaveRun } from '../domain/reset/request.ts';
import type { Request, SslReset } from '../domain/reset/ssl-reset.ts';
import { withChanges } from '../domain/reset/status.ts';
import { STEPS, type Step } from '../domain/reset/step.ts';
import { type Conclusion, type Context, nextOf } from './pass.ts';
import { unknownMessage } from './steps/keep-unknown.ts';

/** A step that was run, and when it began. */
interface StepRun {
  readonly step: Step;
  readonly began: Date;
}

/** Applies the deadline to what a step concluded, and notes the delay that a failure costs. */
export function settle(
  reset: SslReset,
  run: StepRun,
  conclusion: Conclusion,
  { clock, settings }: Context,
): Conclusion {
  const now = clock.now();
  const { step } = run;
  const ended = rollFirst(reset, step, afterDeadline(reset, run, conclusion, now), now);
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

/** Workloads that do not need a client certificate that cannot be issued do not wait for it. */
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

/** A call that may have run is looked for by the next pass, which begins after the deadline, and then the request ends. */
const isLookedForFirst = (seen: SslReset, { step, began }: StepRun): boolean =>
  STEPS[step.kind].phase === 'Call' &&
  seen.status.request !== undefined &&
  mayHaveRun(seen.status.request) &&
  !isPastDeadline(seen, began);

/** Nothing waits without a bound, except for an operation that Cloud SQL has accepted and not ended. */
function afterDeadline(reset: SslReset, { step, began }: StepRun, conclusion: Conclusion, now: Date): Conclusion {
  const { changes, verdict } = conclusion;
  const seen = concluded(reset, conclusion);
  const isWaiting =
    (verdict.kind === 'Waiting' && WAITING[verdict.reason].hasDeadline) ||
    (verdict.kind === 'Progressing' && STEPS[step.kind].phase === 'AfterReset');
  const { atDeadline } = STEPS[step.kind];
  if (!isWaiting || atDeadline === 'GoesOn' || conclusion.outlastsDeadline) return conclusion;
  if (!isPastDeadline(seen, now)) return conclusion;
  if (isLookedForFirst(seen, { step, began })) return conclusion;
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
