/** What each condition says of a status and its verdict. */
import type { Operation } from '../call/operation.ts';
import type { ConditionValue, Verdict } from '../conditions.ts';
import { wantsCertificates } from '../trust/certificate-status.ts';
import { looksForReferences } from '../trust/dependents.ts';
import type { RolloutStatus } from '../trust/distribution.ts';
import { rolloutSelector, selectorQuery } from '../trust/label-selector.ts';
import { hasRolledNothing, leftToPeople } from '../trust/rollout-status.ts';
import { hasKeptCa, whyKept } from './ca-change.ts';
import { holdVerdict } from './certificate-hold.ts';
import { isSettled } from './request.ts';
import type { Request, Spec, Status } from './ssl-reset.ts';

export const conditionValues = (spec: Spec, status: Status, verdict: Verdict): readonly ConditionValue[] => [
  ...summary(verdict),
  ...steps(spec, status, verdict),
];

/** `Ready`, and of `Reconciling` and `Stalled` the one that is true. */
function summary({ kind, reason, message }: Verdict): readonly ConditionValue[] {
  switch (kind) {
    case 'Ready':
      return [{ type: 'Ready', status: 'True', reason, message }];
    case 'Progressing':
      return [
        { type: 'Ready', status: 'Unknown', reason: 'Progressing', message },
        { type: 'Reconciling', status: 'True', reason, message },
      ];
    case 'Waiting':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Reconciling', status: 'True', reason, message },
      ];
    case 'Stalled':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Stalled', status: 'True', reason, message },
      ];
  }
}

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
  if (rollout.total === undefined) return { type, status: 'False', ...verdictOf(verdict) };
  const { total, rolled = 0, skipped = 0 } = rollout;
  if (total === 0) return { type, status: 'True', reason: 'NothingToRoll', message: nothingSelected(spec) };
  if (rolled + skipped < total && verdict.kind !== 'Ready') return { type, status: 'False', ...verdictOf(verdict) };
  return { type, status: 'True', ...howItEnded(spec, status, rollout) };
}

function nothingSelected(spec: Spec): string {
  const { kinds } = spec.rollout;
  const selector = `the labels ${selectorQuery(rolloutSelector(spec))}`;
  const references = looksForReferences(spec) ? ', and none refers to what is published' : '';
  return `No ${kinds.length === 0 ? 'workload' : kinds.join(', ')} carries ${selector}${references}`;
}

/** Of a roll that has settled without a failure. */
function howItEnded(spec: Spec, status: Status, rollout: RolloutStatus): Pick<ConditionValue, 'reason' | 'message'> {
  const { total = 0, rolled = 0, skipped = 0, paused = 0, workloads = [] } = rollout;
  const manual = leftToPeople(rollout);
  const rest = `${skipped === 0 ? '' : `, ${skipped} skipped`}${paused === 0 ? '' : `, ${paused} paused`}`;
  if (manual > 0) {
    const named = workloads
      .filter(({ state }) => state === 'ManualActionRequired')
      .slice(0, 10)
      .map(({ kind, name }) => `${kind} ${name}`);
    return {
      reason: 'ManualActionRequired',
      message: `${rolled} rolled and healthy${rest}, ${manual} left to a person (rollout.workloads says what to do): ${named.join(', ')}`,
    };
  }
  if (rolled === 0) return { reason: 'NothingToRoll', message: `All ${total} are paused or opted out` };
  if (!hasRolledNothing(rollout)) return { reason: 'Rolled', message: `${rolled} rolled and healthy${rest}` };
  const why = hasKeptCa(status)
    ? `need no roll${kept(spec, status)}`
    : 'already carried the server CAs: nothing was rolled';
  return { reason: 'Unchanged', message: `${rolled} ${why}${rest}` };
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

const verdictOf = ({ reason, message }: Verdict): Pick<ConditionValue, 'reason' | 'message'> => ({ reason, message });
const isDone = (request: Request | undefined): boolean => isSettled(request) && request?.doneTime !== undefined;
