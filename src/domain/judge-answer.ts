import type { Answer, IssueAnswer, IssuedCertificate } from './answer.ts';
import type { StalledReason, WaitingReason } from './conditions.ts';
import type { Operation } from './ssl-reset.ts';

export type Judgement =
  | { readonly kind: 'Accepted'; readonly operation: Operation }
  /** It was not executed: a new attempt may follow. */
  | {
      readonly kind: 'NotExecuted';
      readonly outcome: 'Refused' | 'NotSent';
      readonly reason: WaitingReason;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  /** It was not executed and never will be. */
  | { readonly kind: 'Invalid'; readonly reason: StalledReason; readonly message: string }
  /** Whether it, or an earlier attempt, was executed must be found out before anything else. */
  | { readonly kind: 'Resolve'; readonly message: string };

type NotExecuted = Extract<Judgement, { kind: 'NotExecuted' }>;
type Resolve = Extract<Judgement, { kind: 'Resolve' }>;
type Rejected = Extract<Answer, { kind: 'Rejected' }>;

const RATE_LIMITS = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded', 'RATE_LIMIT_EXCEEDED']);
const NOT_READY = 'invalidState';
const BUSY = 'operationInProgress';

/**
 * The answers table: what an answer to the call says about its execution, and what follows. Only what is known not to
 * have run leads to a new attempt; every answer that is not named here is unknown. "No" of an answer from the wire is of
 * the copy that it answers: something on the way may have repeated a call that was executed. So an operation of ours that
 * is new since then is resolved before another attempt, and before a stall.
 *
 * | answer | executed? | what follows |
 * |---|---|---|
 * | 2xx with a name | yes | follow the operation |
 * | failed before it was written to the wire | no, nor a copy | wait, new attempt |
 * | 400 | no | stall |
 * | 401, 403, 404, 412 | no | wait, new attempt |
 * | 409 or 403 `operationInProgress` | no, but perhaps an earlier attempt | resolve if one is in doubt, else wait |
 * | 409 or 400 `invalidState` | no | wait for the instance |
 * | 429, 403 with a rate-limit reason | no | `Throttled` |
 * | anything else | unknown | resolve |
 */
export function judgeAnswer(answer: Answer, { inDoubt }: { readonly inDoubt: boolean }): Judgement {
  switch (answer.kind) {
    case 'Accepted':
      return { kind: 'Accepted', operation: answer.operation };
    case 'NotWritten':
      return notSent(answer);
    case 'Lost':
      return lost(answer);
    case 'Rejected':
      return judgeRejection(answer, inDoubt);
  }
}

export type IssueJudgement =
  | { readonly kind: 'Issued'; readonly certificate: IssuedCertificate }
  | Exclude<Judgement, { readonly kind: 'Accepted' }>;

/**
 * The same table for the issue of a client certificate. A name that is taken (409) says that this one was not issued:
 * the list has told that nobody had it, so somebody else was faster.
 */
export function judgeIssue(answer: IssueAnswer): IssueJudgement {
  switch (answer.kind) {
    case 'Issued':
      return answer;
    case 'NotWritten':
      return notSent(answer);
    case 'Lost':
      return lost(answer);
    case 'Rejected':
      return judgeRejection(answer, false);
  }
}

const notSent = ({ cause, message }: Extract<Answer, { kind: 'NotWritten' }>): NotExecuted => ({
  kind: 'NotExecuted',
  outcome: 'NotSent',
  reason: cause === 'Credentials' ? 'PermissionDenied' : 'CloudSqlUnavailable',
  message: `Nothing was sent: ${message}`,
});

const lost = ({ message }: Extract<Answer, { kind: 'Lost' }>): Resolve => ({
  kind: 'Resolve',
  message: `The call got no answer: ${message}`,
});

function judgeRejection(answer: Rejected, inDoubt: boolean): Exclude<Judgement, { kind: 'Accepted' }> {
  if (answer.code === 400 && answer.reason !== NOT_READY)
    return { kind: 'Invalid', reason: 'InvalidRequest', message: describe(answer) };
  if (isBusy(answer) && inDoubt) {
    return { kind: 'Resolve', message: `Another operation runs on the instance: ${describe(answer)}` };
  }
  const reason = waitingReason(answer);
  return reason === undefined
    ? { kind: 'Resolve', message: `The answer does not tell whether the call was executed: ${describe(answer)}` }
    : refused(answer, reason);
}

const isBusy = ({ code, reason }: Rejected): boolean =>
  (code === 409 && reason !== NOT_READY) || (code === 403 && reason === BUSY);

function waitingReason({ code, reason }: Rejected): WaitingReason | undefined {
  switch (code) {
    case 401:
      return 'PermissionDenied';
    case 403:
      return forbiddenReason(reason);
    case 404:
      return 'InstanceNotFound';
    case 400:
    case 409:
    case 412:
      return 'WaitingForInstance';
    case 429:
      return 'Throttled';
    default:
      return undefined;
  }
}

function forbiddenReason(reason: string): WaitingReason {
  if (RATE_LIMITS.has(reason)) return 'Throttled';
  if (reason === BUSY) return 'WaitingForInstance';
  return reason === 'instanceDoesNotExist' ? 'InstanceNotFound' : 'PermissionDenied';
}

function refused(answer: Rejected, reason: WaitingReason): NotExecuted {
  const { retryAfterMs } = answer;
  return {
    kind: 'NotExecuted',
    outcome: 'Refused',
    reason,
    message: `Cloud SQL refused the call: ${describe(answer)}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const describe = ({ code, reason, message }: Rejected): string =>
  `${code}${reason === '' ? '' : ` ${reason}`}${message === '' ? '' : `: ${message}`}`;
