/** From what a step found out to the next status. The only place that writes conditions, history and what was executed. */
import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import type { Operation } from '../call/operation.ts';
import { type ConditionValue, setConditions, type Verdict } from '../conditions.ts';
import { wantsCertificates } from '../trust/certificate-status.ts';
import { looksForReferences } from '../trust/dependents.ts';
import type { RolloutStatus } from '../trust/distribution.ts';
import { rolloutSelector, selectorQuery } from '../trust/label-selector.ts';
import { hasRolledNothing, isFailure, leftToPeople } from '../trust/rollout-status.ts';
import { hasKeptCa, whyKept } from './ca-change.ts';
import { holdVerdict } from './certificate-hold.ts';
import { type HistoryOutcome, mayBeExecuted, type Remembered, remembered, SUPERSEDED, wasCalled } from './executed.ts';
import { isSettled } from './request.ts';
import type { HistoryEntry, Request, Spec, SslReset, Status } from './ssl-reset.ts';

/** What a step may change of the status; the rest follows from it. */
export type StatusFields = Omit<Status, 'conditions' | 'history' | 'observedGeneration' | keyof Remembered>;

/** The fields of the status that change, each as a whole. What is undefined, or an empty list, goes. */
export type StatusChanges = Omit<StatusFields, 'operation' | 'rollout'> & {
  readonly operation?: Operation | undefined;
  readonly rollout?: RolloutStatus | undefined;
};

const MAX_HISTORY = 10;

/** The object with these changes in its status. Empty lists are left out: by what is there two statuses are compared. */
export function withChanges(reset: SslReset, changes: StatusChanges): SslReset {
  const { operation, rollout, clientCertificates = [], siblingCalls = [], ...others } = { ...reset.status, ...changes };
  const status = {
    ...others,
    ...(operation && { operation }),
    ...(rollout && { rollout }),
    ...(clientCertificates.length > 0 && { clientCertificates }),
    ...(siblingCalls.length > 0 && { siblingCalls }),
  };
  return { ...reset, status };
}

/** The next status: what a step changes, the conditions that follow from that and from its verdict, and the history. */
export function summarize(reset: SslReset, changes: StatusChanges, verdict: Verdict, now: Date): Status {
  const { status } = withChanges(reset, changes);
  const generation = status.request?.generation ?? reset.metadata.generation;
  const wanted = [...summary(verdict), ...steps(reset.spec, status, verdict)];
  const history = nextHistory(reset.status, status, verdict, now);
  return {
    ...status,
    observedGeneration: generation,
    conditions: setConditions(reset.status.conditions ?? [], wanted, { generation, now }),
    ...(history.length > 0 && { history }),
    ...remembered(reset.status, status),
  };
}

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

/**
 * One entry for each request and generation that came to an end, newest first. A call leaves the status only with an
 * entry of its own, so that each reset has left a trace.
 */
function nextHistory(status: Status, next: Status, verdict: Verdict, now: Date): readonly HistoryEntry[] {
  const { request } = next;
  const history = withSuperseded(status, request, now);
  if (request === undefined || verdict.kind === 'Progressing' || verdict.kind === 'Waiting') return history;
  const entry = historyEntry(request, next, verdict.reason);
  const [newest, ...older] = history;
  if (newest === undefined || !isSameRequest(newest, entry)) {
    return newestTen([{ ...entry, endTime: toTime(now) }, ...history]);
  }
  const { endTime, ...rest } = newest;
  return isSameEnd(rest, entry) && endTime !== undefined ? history : [{ ...entry, endTime: toTime(now) }, ...older];
}

/** A request that replaces another one begins without a call. */
function withSuperseded(status: Status, next: Request | undefined, now: Date): readonly HistoryEntry[] {
  const { request: past, history = [] } = status;
  const isReplaced = past !== undefined && next?.time === undefined && mayBeExecuted(past);
  if (!isReplaced || history.some(({ startTime }) => startTime === past.time)) return history;
  return newestTen([{ ...historyEntry(past, status, SUPERSEDED), endTime: toTime(now) }, ...history]);
}

/** The end of a request that called nothing, or a call that a newer entry has too, makes room first. */
function newestTen(history: readonly HistoryEntry[]): readonly HistoryEntry[] {
  if (history.length <= MAX_HISTORY) return history;
  const oldest = history.findLastIndex((entry, index) => index > 0 && !isOnlyTrace(entry, history.slice(0, index)));
  return newestTen(history.toSpliced(oldest === -1 ? history.length - 1 : oldest, 1));
}

const isOnlyTrace = (entry: HistoryEntry, newer: readonly HistoryEntry[]): boolean =>
  wasCalled(entry) && !newer.some(({ startTime }) => startTime === entry.startTime);

function historyEntry(
  request: Request,
  { operation, serverCa }: Pick<Status, 'operation' | 'serverCa'>,
  outcome: HistoryOutcome,
): HistoryEntry {
  return {
    generation: request.generation,
    ...(request.requestId !== undefined && { requestId: request.requestId }),
    ...(operation !== undefined && { operation: operation.name }),
    ...(operation !== undefined && request.answered === true && { answered: true }),
    outcome,
    startTime: request.time ?? request.receivedTime,
    ...(serverCa?.sha1Fingerprint !== undefined && { serverCaSha1Fingerprint: serverCa.sha1Fingerprint }),
  };
}

const isSameRequest = (a: HistoryEntry, b: HistoryEntry): boolean =>
  a.generation === b.generation && a.requestId === b.requestId && a.startTime === b.startTime;

const isSameEnd = (a: HistoryEntry, b: HistoryEntry): boolean =>
  a.outcome === b.outcome && a.operation === b.operation && a.serverCaSha1Fingerprint === b.serverCaSha1Fingerprint;

/** What failed in the roll, as one line that names each workload. */
export function failureMessage({ rollout }: Status): string {
  const rows = (rollout?.workloads ?? []).filter(isFailure);
  const names = rows.map(({ kind, name, message = '' }) => `${kind} ${name}${message === '' ? '' : `: ${message}`}`);
  return names.length === 0 ? `${rollout?.failed ?? 0} workloads failed` : oneLine(names.join('; '));
}

/** What rolled so far has rolled without what is new now. */
export const toBeRolled = ({ rollout }: Status): StatusChanges =>
  rollout?.revision === undefined ? {} : { rollout: { revision: rollout.revision } };
