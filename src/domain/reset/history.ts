/** How the requests of an object ended. */
import { toTime } from '../../lib/time.ts';
import type { Verdict } from '../conditions.ts';
import { type HistoryOutcome, mayBeExecuted, SUPERSEDED, wasCalled } from './executed.ts';
import type { HistoryEntry, Request, Status } from './ssl-reset.ts';

const MAX_HISTORY = 10;

/**
 * One entry for each request and generation that came to an end, newest first. A call leaves the status only with an
 * entry of its own, so that each reset has left a trace.
 */
export function nextHistory(status: Status, next: Status, verdict: Verdict, now: Date): readonly HistoryEntry[] {
  const { request } = next;
  const history = withSuperseded(status, request, now);
  if (request === undefined || !isEnd(verdict)) return history;
  const entry = historyEntry(request, next, verdict.reason);
  const [newest, ...older] = history;
  if (newest === undefined || !isSameRequest(newest, entry)) {
    return newestTen([{ ...entry, endTime: toTime(now) }, ...history]);
  }
  const { endTime, ...rest } = newest;
  return isSameEnd(rest, entry) && endTime !== undefined ? history : [{ ...entry, endTime: toTime(now) }, ...older];
}

/** What is only planned may still begin. */
const isEnd = (verdict: Verdict): verdict is Extract<Verdict, { readonly kind: 'Ready' | 'Stalled' }> =>
  verdict.kind === 'Stalled' || (verdict.kind === 'Ready' && verdict.reason !== 'Planned');

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
    ...(request.approvedManager !== undefined && { approvedManager: request.approvedManager }),
  };
}

const isSameRequest = (a: HistoryEntry, b: HistoryEntry): boolean =>
  a.generation === b.generation && a.requestId === b.requestId && a.startTime === b.startTime;

const isSameEnd = (a: HistoryEntry, b: HistoryEntry): boolean =>
  a.outcome === b.outcome && a.operation === b.operation && a.serverCaSha1Fingerprint === b.serverCaSha1Fingerprint;
