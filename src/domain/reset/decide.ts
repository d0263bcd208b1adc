import { remainingDelayMs } from '../call/retry.ts';
import { STALLED } from '../reason-rules.ts';
import { openIssue, wantsCertificates } from '../trust/certificate-status.ts';
import { wantsPasswords } from '../trust/keystore-password.ts';
import { haveAllRolled } from '../trust/rollout-status.ts';
import { awaitsCa } from './ca-change.ts';
import { hasOpenRoll, isHeldBack, mayFollow } from './catch-up.ts';
import { deadline, isPastDeadline } from './deadline.ts';
import { awaitsWindow } from './held-back.ts';
import {
  hasNewRetry,
  isBarred,
  isComplete,
  isFollowed,
  isNewerGeneration,
  isNewRequest,
  isSettled,
  isStalled,
  isUnresolved,
  mayHaveRun,
  stalledReason,
  wasResumed,
} from './request.ts';
import { isFirstRequestId } from './request-record.ts';
import { isSuspended, type SslReset } from './ssl-reset.ts';
import { type Behind, type OwnStep, STEPS, type Step } from './step.ts';

export interface DecisionFacts {
  readonly now: Date;
  /**
   * Another object of the instance has read another CA since, or one that follows it another list, or its reset has deleted
   * this one's client certificates.
   */
  readonly isOutdated: boolean;
  /** It publishes a CA that was active before, for a rotation that is over. */
  readonly hasLeftCas: boolean;
  /** When another object of the instance has last read its CA, RFC 3339; undefined: nobody says so. */
  readonly lastRead: string | undefined;
  /** Another object of the instance has gone with a call that may have been executed. */
  readonly hasLostSibling: boolean;
  /** An object that follows the instance is about to switch it to another CA, and waits for all others. */
  readonly isRotating: boolean;
}

const NOTHING: OwnStep = { kind: 'Nothing' };

/**
 * Names the one step that comes next, from the object alone. The first row that matches wins.
 *
 * | what is known | step |
 * |---|---|
 * | being deleted | follow a running operation, else nothing |
 * | a new value of `retry`, or the first requestId, while the two rows below hold | record it: the value must not act once this has ended, and the id is this request's |
 * | a call was recorded and its outcome is not known | resolve |
 * | accepted, and not seen to its end | follow |
 * | a new request | receive, as done where its requestId was executed before; if a call of the older one may have run, after its delay, and resolve that first if it has; if the CA of the older one is not seen yet, after its delay, and once it is seen or `--ca-settle` is over |
 * | complete for this request and generation, and not only planned | nothing; receive when it is outdated: another object of the instance has read another CA since, a CloudSqlServerCa another list of them, or a reset has deleted its client certificates, or it publishes a CA for a rotation that is over; look around when another object went with a call that may have been executed; await the window in which the workloads roll for a CA that waits; look at the workloads while a rotation waits for those that are left to a person; else look at the passwords of its keystores, every `--server-ca-resync` |
 * | stalled, and a new value of `retry` | receive |
 * | `NotPermitted`, and the reset is done or was not necessary | receive, which asks for the permission |
 * | stalled for this generation | nothing; `NotPermitted` and `ObjectConflict` look again until the deadline; what was reset before it stalled is received when it is outdated, looks around, and awaits a window, as above |
 * | a newer generation of the same request | receive once more |
 * | a new value of `retry` while not stalled | record it |
 * | the issue of a client certificate was recorded and is not known to have ended in its Secret; not while it is held up and the rest rolls | resolve the certificate |
 * | outcome given up as unknown | stay stalled |
 * | suspended and not called | suspend |
 * | no longer suspended | receive: the deadline starts again |
 * | accepted or already done, CAs not read since | publish |
 * | published, and outdated since | publish |
 * | published, client certificates not looked at since | issue |
 * | published, and issued where any are asked for | roll |
 * | else | request: admission, preflight, record, call |
 *
 * Before each step that asks Cloud SQL or the cluster, a delay that is recorded is kept.
 *
 * An object that has published before, and whose request is suspended, stalled, at a closed gate or waiting before its
 * call, catches up beside that, where it is outdated, has begun to roll for that, knows of an object that went with its
 * call or awaits a window: it publishes and rolls, without a call.
 * It tries until the deadline has passed since the others read, or since its own roll came further.
 */
export function decide(reset: SslReset, facts: DecisionFacts): Step {
  const step = forRequest(reset, facts);
  const behind = behindFor(reset, facts);
  const catchesUp = behind !== undefined && isHeldBack(reset, step);
  return catchesUp ? { kind: 'CatchUp', behind, otherwise: step } : step;
}

function behindFor(reset: SslReset, facts: DecisionFacts): Behind | undefined {
  const isRolling = hasOpenRoll(reset, facts.now);
  if (facts.isOutdated && (mayFollow(reset, facts) || isRolling)) return 'Outdated';
  if (isRolling) return 'Roll';
  if (facts.hasLostSibling) return 'LostSibling';
  return awaitsWindow(reset.status) ? 'Window' : undefined;
}

function forRequest(reset: SslReset, facts: DecisionFacts): OwnStep {
  const { request } = reset.status;
  if (reset.metadata.deletionTimestamp !== undefined) return whileDeleted(reset, facts);
  if ((isUnresolved(request) || isFollowed(request)) && hasNews(reset)) return { kind: 'RecordRetry' };
  if (isUnresolved(request)) return afterDelay(reset, facts, { kind: 'Resolve' });
  if (isFollowed(request)) return afterDelay(reset, facts, { kind: 'Follow' });
  if (isNewRequest(reset)) return whenNew(reset, facts);
  if (isComplete(reset)) return whenComplete(reset, facts);
  if (isStalled(reset)) return whenStalled(reset, facts);
  if (isNewerGeneration(reset)) return { kind: 'Receive', arrival: 'Again' };
  if (hasNewRetry(reset)) return { kind: 'RecordRetry' };
  return onward(reset, facts);
}

/** A call of the older request that may have run is looked for first, and so is its CA: both are questions to Cloud SQL. */
function whenNew(reset: SslReset, facts: DecisionFacts): OwnStep {
  const { request } = reset.status;
  const step: OwnStep = { kind: 'Receive', arrival: 'New' };
  const asks = (request !== undefined && mayHaveRun(request)) || awaitsCa(reset.status);
  return asks ? afterDelay(reset, facts, step) : step;
}

const hasNews = (reset: SslReset): boolean => hasNewRetry(reset) || isFirstRequestId(reset);

const whileDeleted = (reset: SslReset, facts: DecisionFacts): OwnStep =>
  isFollowed(reset.status.request) ? afterDelay(reset, facts, { kind: 'Follow' }) : NOTHING;

function whenComplete(reset: SslReset, facts: DecisionFacts): OwnStep {
  const { isOutdated, hasLeftCas, hasLostSibling, isRotating } = facts;
  if (isOutdated || hasLeftCas) return { kind: 'Receive', arrival: 'Outdated' };
  if (hasNewRetry(reset)) return { kind: 'RecordRetry' };
  if (hasLostSibling) return { kind: 'LookAround' };
  if (awaitsWindow(reset.status)) return { kind: 'AwaitWindow' };
  const isLeft = !reset.spec.rollout.disabled && !haveAllRolled(reset.status.rollout);
  if (isRotating && isLeft) return { kind: 'LookAtWorkloads' };
  return wantsPasswords(reset.spec) ? { kind: 'LookAtPasswords' } : NOTHING;
}

function whenStalled(reset: SslReset, facts: DecisionFacts): OwnStep {
  if (hasNewRetry(reset)) return { kind: 'Receive', arrival: 'Retry' };
  if (isNewerGeneration(reset)) {
    return reset.status.request?.outcome === 'Unknown'
      ? { kind: 'KeepUnknown' }
      : { kind: 'Receive', arrival: 'Again' };
  }
  if (isBarred(reset)) return { kind: 'Receive', arrival: 'Again' };
  // Its workloads hold a CA of the instance, whatever it stalled for.
  const holdsCa = isSettled(reset.status.request);
  if (holdsCa && facts.isOutdated) return { kind: 'Receive', arrival: 'Outdated' };
  const reason = stalledReason(reset);
  const looksAgain = reason !== undefined && STALLED[reason].looksAgain;
  if (looksAgain && !isPastDeadline(reset, facts.now)) return onward(reset, facts);
  if (!holdsCa) return NOTHING;
  if (facts.hasLostSibling) return { kind: 'LookAround' };
  return awaitsWindow(reset.status) ? { kind: 'AwaitWindow' } : NOTHING;
}

function onward(reset: SslReset, facts: DecisionFacts): OwnStep {
  const { request } = reset.status;
  if (request?.hold === undefined && openIssue(reset) !== undefined) {
    return afterDelay(reset, facts, { kind: 'ResolveCertificate' });
  }
  if (request?.outcome === 'Unknown') return { kind: 'KeepUnknown' };
  if (isSettled(request)) return afterDelay(reset, facts, { kind: afterReset(reset, facts) });
  if (isSuspended(reset)) return { kind: 'Suspend' };
  if (wasResumed(reset)) return { kind: 'Receive', arrival: 'Resumed' };
  return afterDelay(reset, facts, { kind: 'RequestReset' });
}

function afterReset(reset: SslReset, { isOutdated }: DecisionFacts): 'Publish' | 'Issue' | 'Roll' {
  const { request, clientCertificates = [] } = reset.status;
  // Two objects that roll towards different CAs would take each other's workloads back without an end.
  if (request?.publishedTime === undefined || isOutdated) return 'Publish';
  // What the spec no longer names is taken out of the status.
  const hasCertificates = wantsCertificates(reset) || clientCertificates.length > 0;
  return hasCertificates && request.issuedTime === undefined ? 'Issue' : 'Roll';
}

/** A delay ends at the deadline: the step itself then says what it was waiting for. An operation has none. */
function afterDelay(reset: SslReset, { now }: DecisionFacts, step: OwnStep): OwnStep {
  const delayMs = remainingDelayMs(reset.status.request, now);
  const end = STEPS[step.kind].atDeadline === 'GoesOn' ? undefined : deadline(reset);
  const boundMs = end === undefined ? delayMs : Math.min(delayMs, end.getTime() - now.getTime());
  return boundMs <= 0 ? step : { kind: 'Wait', delayMs: boundMs };
}
