/** From what a step found out to the next status. The only place that writes conditions, history and what was executed. */
import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import type { Operation } from '../call/operation.ts';
import type { ConditionValue, Verdict } from '../conditions.ts';
import { setConditions } from '../conditions.ts';
import { wantsCertificates } from '../trust/certificate-status.ts';
import { looksForReferences } from '../trust/dependents.ts';
import type { ClientCertificateStatus, RolloutStatus } from '../trust/distribution.ts';
import { rolloutSelector, selectorQuery } from '../trust/label-selector.ts';
import { hasRolledNothing, isFailure, leftToPeople } from '../trust/rollout-status.ts';
import { hasKeptCa, whyKept } from './ca-change.ts';
import { holdVerdict } from './certificate-hold.ts';
import { type HistoryOutcome, mayBeExecuted, type Remembered, remembered, SUPERSEDED, wasCalled } from './executed.ts';
import { isSettled } from './request.ts';
import type { HistoryEntry, Request, Spec, SslReset, Status } from './ssl-reset.ts';

/** What a step may change of the status. */
export type Facts = Omit<Status, 'conditions' | 'history' | 'observedGeneration' | keyof Remembered>;

const MAX_HISTORY = 10;

/** The next status: the step's facts, the conditions that follow from them and from its verdict, and the history. */
export function summarize(reset: SslReset, facts: Facts, verdict: Verdict, now: Date): Status {
  const generation = facts.request?.generation ?? reset.metadata.generation;
  const wanted = [...summary(verdict), ...steps(reset.spec, facts, verdict)];
  const history = nextHistory(reset.status, facts, verdict, now);
  return {
    ...facts,
    observedGeneration: generation,
    conditions: setConditions(reset.status.conditions ?? [], wanted, { generation, now }),
    ...(history.length > 0 && { history }),
    ...remembered(reset.status, facts),
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

function steps(spec: Spec, facts: Facts, verdict: Verdict): readonly ConditionValue[] {
  return [
    ...(facts.request?.outcome === 'AlreadyDone' ? [] : [resetDone(spec, facts, verdict)]),
    ...(spec.serverCa === undefined ? [] : [serverCaPublished(spec, facts, verdict)]),
    ...(wantsCertificates({ spec }) ? [clientCertificatesIssued(facts, verdict)] : []),
    ...(spec.rollout.disabled ? [] : [workloadsRolled(spec, facts, verdict)]),
  ];
}

function resetDone(spec: Spec, facts: Facts, verdict: Verdict): ConditionValue {
  const { request, operation } = facts;
  const type = 'ResetDone';
  if (operation?.error !== undefined) {
    return { type, status: 'False', reason: 'OperationFailed', message: `Operation ${operation.name} failed` };
  }
  if (request?.outcome === 'Accepted' && request.doneTime !== undefined) {
    return {
      type,
      status: 'True',
      reason: 'OperationDone',
      message: `Operation ${operation?.name ?? ''} ${howDone(operation)}${kept(spec, facts)}`,
    };
  }
  const message = request?.outcome === 'Unknown' ? UNKNOWN : 'The operation is not done; see Ready';
  return { type, status: 'False', reason: verdict.reason, message };
}

const howDone = (operation: Operation | undefined): string =>
  operation?.status === 'UNKNOWN' ? 'is no longer known to Cloud SQL; the instance shows that it was done' : 'is done';

function serverCaPublished(spec: Spec, facts: Facts, verdict: Verdict): ConditionValue {
  const { request, serverCa } = facts;
  const type = 'ServerCaPublished';
  if (request?.publishedTime !== undefined) {
    const message = `${serverCa?.publishedTo ?? 'The object'} holds the server CA ${serverCa?.sha1Fingerprint ?? ''}${kept(spec, facts)}`;
    return { type, status: 'True', reason: 'Published', message };
  }
  return { type, status: 'False', ...(isDone(request) ? verdictOf(verdict) : pending(request)) };
}

function clientCertificatesIssued({ request, clientCertificates = [] }: Facts, verdict: Verdict): ConditionValue {
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

function workloadsRolled(spec: Spec, facts: Facts, verdict: Verdict): ConditionValue {
  const { request, rollout } = facts;
  const type = 'WorkloadsRolled';
  if (request?.publishedTime === undefined || rollout === undefined)
    return { type, status: 'False', ...pending(request) };
  if (rollout.total === undefined) return { type, status: 'False', ...verdictOf(verdict) };
  const { total, rolled = 0, skipped = 0 } = rollout;
  if (total === 0) return { type, status: 'True', reason: 'NothingToRoll', message: nothingSelected(spec) };
  if (rolled + skipped < total && verdict.kind !== 'Ready') return { type, status: 'False', ...verdictOf(verdict) };
  return { type, status: 'True', ...howItEnded(spec, facts, rollout) };
}

function nothingSelected(spec: Spec): string {
  const { kinds } = spec.rollout;
  const selector = `the labels ${selectorQuery(rolloutSelector(spec))}`;
  const references = looksForReferences(spec) ? ', and none refers to what is published' : '';
  return `No ${kinds.length === 0 ? 'workload' : kinds.join(', ')} carries ${selector}${references}`;
}

/** Of a roll that has settled without a failure. */
function howItEnded(spec: Spec, facts: Facts, rollout: RolloutStatus): Pick<ConditionValue, 'reason' | 'message'> {
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
  const why = hasKeptCa(facts)
    ? `need no roll${kept(spec, facts)}`
    : 'already carried the server CAs: nothing was rolled';
  return { reason: 'Unchanged', message: `${rolled} ${why}${rest}` };
}

const kept = (spec: Spec, facts: Facts): string =>
  hasKeptCa(facts) && facts.request?.publishedTime !== undefined
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
function nextHistory(status: Status, facts: Facts, verdict: Verdict, now: Date): readonly HistoryEntry[] {
  const { request } = facts;
  const history = withSuperseded(status, request, now);
  if (request === undefined || verdict.kind === 'Progressing' || verdict.kind === 'Waiting') return history;
  const entry = historyEntry(request, facts, verdict.reason);
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

/** The end of a request that called nothing, or a call that a newer entry tells too, makes room first. */
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
export function failureMessage({ rollout }: Facts): string {
  const rows = (rollout?.workloads ?? []).filter(isFailure);
  const names = rows.map(({ kind, name, message = '' }) => `${kind} ${name}${message === '' ? '' : `: ${message}`}`);
  return names.length === 0 ? `${rollout?.failed ?? 0} workloads failed` : oneLine(names.join('; '));
}

/** An empty list is left out: by what is there two statuses are compared. */
export function withCertificates(facts: Facts, clientCertificates: readonly ClientCertificateStatus[]): Facts {
  const { clientCertificates: _clientCertificates, ...others } = facts;
  return clientCertificates.length === 0 ? others : { ...others, clientCertificates };
}

/** What rolled so far has rolled without what is new now. */
export const toBeRolled = (facts: Facts): Facts =>
  facts.rollout?.revision === undefined ? facts : { ...facts, rollout: { revision: facts.rollout.revision } };

export function factsOf({ status }: SslReset): Facts {
  const {
    conditions: _conditions,
    history: _history,
    observedGeneration: _observedGeneration,
    executedRequestIds: _executedRequestIds,
    recentCalls: _recentCalls,
    lastResetTime: _lastResetTime,
    ...facts
  } = status;
  return facts;
}
