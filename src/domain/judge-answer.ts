import type { Answer, IssueAnswer, IssuedCertificate } from './answer.ts';
import { callRefusal, describeRefusal } from './call/refusal.ts';
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

/**
 * The answers table: what an answer to the call says about its execution, and what follows. Only what is known not to
 * have run leads to a new attempt; every answer that is not named here is unknown, and so is every refusal that `REFUSALS`
 * does not name. "No" of an answer from the wire is of the copy that it answers: something on the way may have repeated a
 * call that was executed. So an operation of ours that is new since then is resolved before another attempt, and before a
 * stall.
 *
 * | answer | executed? | what follows |
 * |---|---|---|
 * | 2xx with a name | yes | follow the operation |
 * | failed before it was written to the wire | no, nor a copy | wait, new attempt |
 * | a refusal that will never pass | no | stall |
 * | a refusal because another operation runs | no, but perhaps an earlier attempt | resolve if one is in doubt, else wait |
 * | any other refusal | no | wait, new attempt |
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
  const meaning = callRefusal(answer.code, answer.reason);
  switch (meaning.kind) {
    case 'Invalid':
      return { kind: 'Invalid', reason: 'InvalidRequest', message: describeRefusal(answer) };
    case 'Unknown':
      return {
        kind: 'Resolve',
        message: `The answer does not tell whether the call was executed: ${describeRefusal(answer)}`,
      };
    case 'Busy':
      if (inDoubt)
        return { kind: 'Resolve', message: `Another operation runs on the instance: ${describeRefusal(answer)}` };
      return refused(answer, meaning.reason);
    case 'Refused':
      return refused(answer, meaning.reason);
  }
}

function refused(answer: Rejected, reason: WaitingReason): NotExecuted {
  const { retryAfterMs } = answer;
  return {
    kind: 'NotExecuted',
    outcome: 'Refused',
    reason,
    message: `Cloud SQL refused the call: ${describeRefusal(answer)}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
