/** What each condition says of a status and its verdict. */
import type { Operation } from '../call/operation.ts';
import { type ConditionValue, summaryValues, type Verdict, verdictOf } from '../conditions.ts';
import { wantsCertificates } from '../trust/certificate-status.ts';
import { ALREADY_CARRIED, rolledValue } from '../trust/rolled-condition.ts';
import { hasKeptCa, whyKept } from './ca-change.ts';
import { holdVerdict } from './certificate-hold.ts';
import { isSettled } from './request.ts';
import type { Request, Spec, Status } from './ssl-reset.ts';

export const conditionValues = (spec: Spec, status: Status, verdict: Verdict): readonly ConditionValue[] => [
  ...summaryValues(verdict),
  ...steps(spec, status, verdict),
];

function steps(spec: Spec, status: Status, verdict: Verdict): readonly ConditionValue[] {
  return [
    ...(status.request?.outcome === 'AlreadyDone' ? [] : [resetDone(spec, status, verdict)]),
    ...(spec.serverCa === undefined ? [] : [serverCaPublished(spec, status, verdict)]),
    ...(wantsCertificates({ spec }) ? [clientCertificatesIssued(status, verdict)] : []),
    ...(spec.rollout.disabled ? [] : [workloadsRolled(spec, status, verdict)]),
  ];
}

function resetDone(spec: Spec, status: Status, verdict: Verdict): ConditionValue {
  const { request, operation } = status;
  const type = 'ResetDone';
  if (operation?.error !== undefined) {
    return { type, status: 'False', reason: 'OperationFailed', message: `Operation ${operation.name} failed` };
  }
  if (request?.outcome === 'Accepted' && request.doneTime !== undefined) {
    return {
      type,
      status: 'True',
      reason: 'OperationDone',
      message: `Operation ${operation?.name ?? ''} ${howDone(operation)}${kept(spec, status)}`,
    };
  }
  const message = request?.outcome === 'Unknown' ? UNKNOWN : 'The operation is not done; see Ready';
  return { type, status: 'False', reason: verdict.reason, message };
}

const howDone = (operation: Operation | undefined): string =>
  operation?.status === 'UNKNOWN' ? 'is no longer known to Cloud SQL; the instance shows that it was done' : 'is done';

function serverCaPublished(spec: Spec, status: Status, verdict: Verdict): ConditionValue {
  const { request, serverCa } = status;
  const type = 'ServerCaPublished';
  if (request?.publishedTime !== undefined) {
    const message = `${serverCa?.publishedTo ?? 'The object'} holds the server CA ${serverCa?.sha1Fingerprint ?? ''}${kept(spec, status)}`;
    return { type, status: 'True', reason: 'Published', message };
  }
  return { type, status: 'False', ...(isDone(request) ? verdictOf(verdict) : pending(request)) };
}

function clientCertificatesIssued({ request, clientCertificates = [] }: Status, verdict: Verdict): ConditionValue {
  const type = 'ClientCertificatesIssued';
  if (request?.hold !== undefined) {
    return { type, status: 'False', ...verdictOf(holdVerdict(request.hold)) };
  }
  if (request?.issuedTime !== undefined) {
    const all = clientCertificates.map(({ commonName, secretName = '' }) => `${commonName} in Secret/${secretName}`);
    return { type, status: 'True', reason: 'Issued', message: all.join(', ') };
  }
  return { type, status: 'False', ...(request?.publishedTime === undefined ? pending(request) : verdictOf(verdict)) };
}

function workloadsRolled(spec: Spec, status: Status, verdict: Verdict): ConditionValue {
  const { request, rollout } = status;
  const type = 'WorkloadsRolled';
  if (request?.publishedTime === undefined || rollout === undefined)
    return { type, status: 'False', ...pending(request) };
  return rolledValue(spec, rollout, verdict, hasKeptCa(status) ? `need no roll${kept(spec, status)}` : ALREADY_CARRIED);
}

const kept = (spec: Spec, status: Status): string =>
  hasKeptCa(status) && status.request?.publishedTime !== undefined
    ? `; the server CA is unchanged: ${whyKept(spec)}`
    : '';

const UNKNOWN = 'It is not known whether the reset was executed; see Ready';

/** Which of the steps before is not done yet. */
function pending(request: Request | undefined): Pick<ConditionValue, 'reason' | 'message'> {
  if (request?.outcome === 'Unknown') return { reason: 'Pending', message: UNKNOWN };
  const message = isDone(request)
    ? 'The server CA has not been read and published yet; see Ready'
    : 'The reset is not done yet';
  return { reason: 'Pending', message };
}

const isDone = (request: Request | undefined): boolean => isSettled(request) && request?.doneTime !== undefined;
