import type { StalledReason, WaitingReason } from '../reasons.ts';
import type { Operation } from './operation.ts';
import { callRefusal, describeRefusal } from './refusal.ts';
import type { CallResult, IssuedCertificate, IssueResult } from './result.ts';

export type Classification =
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

type NotExecuted = Extract<Classification, { kind: 'NotExecuted' }>;
type Resolve = Extract<Classification, { kind: 'Resolve' }>;
type Rejected = Extract<CallResult, { kind: 'Rejected' }>;

/**
 * What the result of a call says about its execution, and what follows. Only what is known not to have run leads to a new
 * attempt; every answer that is not named here is unknown, and so is every refusal that `REFUSALS` does not name. "No" of
 * an answer from the wire is of the copy that it answers: something on the way may have repeated a call that was executed.
 * So a new operation by our account is resolved before another attempt, and before a stall.
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
export function classifyCall(result: CallResult, { inDoubt }: { readonly inDoubt: boolean }): Classification {
  switch (result.kind) {
    case 'Accepted':
      return { kind: 'Accepted', operation: result.operation };
    case 'NotWritten':
      return notSent(result);
    case 'Lost':
      return lost(result);
    case 'Rejected':
      return classifyRefusal(result, inDoubt);
  }
}

export type IssueClassification =
  | { readonly kind: 'Issued'; readonly certificate: IssuedCertificate }
  | Exclude<Classification, { readonly kind: 'Accepted' }>;

/**
 * The same table for the issue of a client certificate. A name that is taken (409) says that this one was not issued: the
 * list showed that the name was free, so somebody else was faster.
 */
export function classifyIssue(result: IssueResult): IssueClassification {
  switch (result.kind) {
    case 'Issued':
      return result;
    case 'NotWritten':
      return notSent(result);
    case 'Lost':
      return lost(result);
    case 'Rejected':
      return classifyRefusal(result, false);
  }
}

const notSent = ({ cause, message }: Extract<CallResult, { kind: 'NotWritten' }>): NotExecuted => ({
  kind: 'NotExecuted',
  outcome: 'NotSent',
  reason: cause === 'Credentials' ? 'PermissionDenied' : 'CloudSqlUnavailable',
  message: `Nothing was sent: ${message}`,
});

const lost = ({ message }: Extract<CallResult, { kind: 'Lost' }>): Resolve => ({
  kind: 'Resolve',
  message: `The call got no answer: ${message}`,
});

function classifyRefusal(refusal: Rejected, inDoubt: boolean): Exclude<Classification, { kind: 'Accepted' }> {
  const meaning = callRefusal(refusal.code, refusal.reason);
  switch (meaning.kind) {
    case 'Invalid':
      return { kind: 'Invalid', reason: 'InvalidRequest', message: describeRefusal(refusal) };
    case 'Unknown':
      return {
        kind: 'Resolve',
        message: `The answer does not say whether the call was executed: ${describeRefusal(refusal)}`,
      };
    case 'Busy':
      if (inDoubt)
        return { kind: 'Resolve', message: `Another operation runs on the instance: ${describeRefusal(refusal)}` };
      return refused(refusal, meaning.reason);
    case 'Refused':
      return refused(refusal, meaning.reason);
  }
}

function refused(refusal: Rejected, reason: WaitingReason): NotExecuted {
  const { retryAfterMs } = refusal;
  return {
    kind: 'NotExecuted',
    outcome: 'Refused',
    reason,
    message: `Cloud SQL refused the call: ${describeRefusal(refusal)}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
