/** How many resets were called in the last hour: a restored cluster must not reset everything before somebody looks. */
import type { SslReset } from './ssl-reset.ts';

/** One recorded call. The same call has the same id in the object's record, in its history and in this process. */
export interface Call {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

const HOUR_MS = 3_600_000;

export const callOf = (uid: string, time: string): Call => ({ id: `${uid}/${time}`, timeMs: Date.parse(time) });

/** Calls that the object tells of and that were, or may have been, executed. */
export function recordedCalls({ metadata: { uid }, status: { request, history = [] } }: SslReset): readonly Call[] {
  const ended = history.flatMap(({ operation, startTime }) =>
    operation === undefined || startTime === undefined ? [] : [callOf(uid, startTime)],
  );
  const mayHaveRun = request?.outcome !== 'Refused' && request?.outcome !== 'NotSent';
  return request?.time !== undefined && mayHaveRun ? [callOf(uid, request.time), ...ended] : ended;
}

export function callsInLastHour(calls: Iterable<Call>, now: Date): number {
  const recent = new Set<string>();
  for (const { id, timeMs } of calls) {
    if (now.getTime() - timeMs < HOUR_MS) recent.add(id);
  }
  return recent.size;
}

export const isWithinHour = ({ timeMs }: Call, now: Date): boolean => now.getTime() - timeMs < HOUR_MS;
