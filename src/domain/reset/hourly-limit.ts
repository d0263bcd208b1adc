/** How many resets were called in the last hour: a restored cluster must not reset everything before somebody looks. */
import { timeOf } from '../../lib/time.ts';
import { mayBeExecuted, wasCalled } from './executed.ts';
import { isUnresolved } from './request.ts';
import type { SslReset } from './ssl-reset.ts';

/** One recorded call: the object's record, its history and this process name the same one by the same two fields. */
export interface Call {
  /** Of the object. */
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

const HOUR_MS = 3_600_000;

export const callKey = ({ uid, timeMs }: Call): string => `${uid}/${timeMs}`;

/** When the calls were made that the object names and that were, or may have been, executed. */
export function callTimes({ status: { request, history = [], recentCalls = [] } }: SslReset): readonly number[] {
  const counts = request !== undefined && (isUnresolved(request) || mayBeExecuted(request));
  const ended = history.filter(wasCalled).map(({ startTime }) => startTime);
  const times = [counts ? request.time : undefined, ...recentCalls, ...ended].flatMap((time) => timeOf(time) ?? []);
  return [...new Set(times)];
}

export function callsInLastHour(calls: Iterable<Call>, now: Date): number {
  const recent = new Set<string>();
  for (const call of calls) {
    if (isWithinHour(call, now)) recent.add(callKey(call));
  }
  return recent.size;
}

export const isWithinHour = ({ timeMs }: Call, now: Date): boolean => now.getTime() - timeMs < HOUR_MS;
