/**
 * What an object remembers of its calls that were executed, or may have been: by their requestId, so that a value which
 * comes back calls nothing; by their time, for the limit of resets per hour; and when the newest reset ended, which the
 * other objects of the instance go by.
 */
import { createHash } from 'node:crypto';
import { timeOf } from '../../lib/time.ts';
import type { ReadyReason, StalledReason } from '../reasons.ts';
import type { HistoryEntry, Request, Status } from './ssl-reset.ts';

/** As many as the CRD lets the status hold. */
const MAX_REMEMBERED = 100;

/** The outcome of a history entry whose request was replaced before it came to an end. */
export const SUPERSEDED = 'Superseded';

export type HistoryOutcome = ReadyReason | StalledReason | typeof SUPERSEDED;

export type Remembered = Pick<Status, 'executedRequestIds' | 'recentCalls' | 'lastResetTime'>;

/** A call of it was executed, or it is not known that none was. One that is being made counts by its record alone. */
export const mayBeExecuted = ({ time, outcome, inDoubt }: Request): boolean =>
  time !== undefined && (outcome === 'Accepted' || outcome === 'Unknown' || inDoubt === true);

/** The same of a request that is over. */
export const wasCalled = ({ operation, outcome }: HistoryEntry): boolean =>
  operation !== undefined || outcome === SUPERSEDED || outcome === 'OutcomeUnknown';

/** Names of the operations of an object's calls. */
export interface OwnOperations {
  readonly all: readonly string[];
  /** Those that an answer named. The others were found after a lost answer, and may be another object's. */
  readonly answered: readonly string[];
}

/** Of those that are over: their operation may be listed for the first time when another call is in doubt. */
export function pastOperations({ history = [] }: Pick<Status, 'history'>): OwnOperations {
  const namesOf = (entries: readonly HistoryEntry[]) => entries.flatMap(({ operation }) => operation ?? []);
  return { all: namesOf(history), answered: namesOf(history.filter(({ answered }) => answered === true)) };
}

/** The same, and that of the call that is the last one. */
export function ownOperations(status: Pick<Status, 'history' | 'operation' | 'request'>): OwnOperations {
  const { all, answered } = pastOperations(status);
  const { operation, request } = status;
  if (operation === undefined) return { all, answered };
  const isAnswered = request?.answered === true || (request?.outcome === 'Accepted' && request.inDoubt !== true);
  return {
    all: [...new Set([operation.name, ...all])],
    answered: isAnswered ? [...new Set([operation.name, ...answered])] : answered,
  };
}

/** What was remembered before, and what of the request that was there and of the next one goes with it, newest first. */
export function remembered(status: Status, next: Pick<Status, 'request' | 'operation'>): Remembered {
  const { executedRequestIds = [], recentCalls = [] } = status;
  const called = [status.request, next.request].filter((one) => one !== undefined).filter(mayBeExecuted);
  const ids = called.flatMap(({ requestId }) => (requestId === undefined ? [] : requestIdDigest(requestId)));
  const times = called.flatMap(({ time }) => time ?? []);
  const allIds = ids.reduce(newestFirst, executedRequestIds);
  const allTimes = times.reduce(newestFirst, recentCalls);
  const resetTime = endOfReset(next) ?? lastResetTime(status);
  return {
    ...(allIds.length > 0 && { executedRequestIds: allIds }),
    ...(allTimes.length > 0 && { recentCalls: allTimes }),
    ...(resetTime !== undefined && { lastResetTime: resetTime }),
  };
}

/** When the newest reset of the object ended, by Cloud SQL's clock; undefined: it is not known to have had one. */
export const lastResetTime = (status: Status): string | undefined => endOfReset(status) ?? status.lastResetTime;

/** Of the current request. If Cloud SQL does not give the end, the latest time before it that it gives. */
function endOfReset({ request, operation }: Pick<Status, 'request' | 'operation'>): string | undefined {
  const isReset = request?.outcome === 'Accepted' && request.doneTime !== undefined && operation?.error === undefined;
  if (!isReset) return undefined;
  const told = [operation?.endTime, operation?.startTime, operation?.insertTime, request.doneTime];
  return told.find((time) => timeOf(time) !== undefined);
}

const newestFirst = (others: readonly string[], newest: string): readonly string[] =>
  [newest, ...others.filter((one) => one !== newest)].slice(0, MAX_REMEMBERED);

/** SHA-256 in hex: of one size whatever the value is. */
export const requestIdDigest = (requestId: string): string => createHash('sha256').update(requestId).digest('hex');

/** Whether a call with this requestId was, or may have been, executed for the object. */
export const wasExecuted = (status: Pick<Status, 'executedRequestIds' | 'history'>, requestId: string): boolean =>
  status.executedRequestIds?.includes(requestIdDigest(requestId)) === true ||
  lastExecution(status, requestId) !== undefined;

/** The newest of its calls that the history still knows. */
export const lastExecution = ({ history = [] }: Pick<Status, 'history'>, requestId: string): HistoryEntry | undefined =>
  history.find((entry) => entry.requestId === requestId && wasCalled(entry));

/** The value of a request that was never called asked for a reset before: nothing is called for it. */
export const isRepeated = (
  status: Pick<Status, 'executedRequestIds' | 'history'>,
  { requestId, attempt }: Pick<Request, 'requestId' | 'attempt'>,
): boolean => requestId !== undefined && attempt === 0 && wasExecuted(status, requestId);
