/** A rotation as the status records it, and what becomes of it from phase to phase. */
import { timeOf, toTime } from '../../../lib/time.ts';
import type { CloudSqlServerCa, Status } from '../server-ca-object.ts';
import type { RotationStalledReason } from './stalled.ts';

export type Rotation = NonNullable<Status['rotation']>;
export type CallRecord = NonNullable<Rotation['record']>;
/** Objects that do not have the next CA everywhere, by namespace. */
export type WaitingFor = NonNullable<Rotation['waitingFor']>;
export type HistoryEntry = NonNullable<Status['history']>[number];

export type Phase = 'Idle' | 'Adding' | 'Distributing' | 'Holding' | 'Switching' | 'Verifying' | 'SwitchingBack';
export type Cause = 'Pin' | 'RequestId' | 'Expiry';
export type CallKind = 'Add' | 'Switch' | 'SwitchBack';
export type Outcome = 'Rotated' | 'RolledBack' | 'Superseded' | 'Failed';

const PHASES: ReadonlySet<string> = new Set<Phase>([
  'Idle',
  'Adding',
  'Distributing',
  'Holding',
  'Switching',
  'Verifying',
  'SwitchingBack',
]);

const isPhase = (text: string): text is Phase => PHASES.has(text);

/** One that another version wrote is not understood: nothing is called in it. */
export function phaseOf({ rotation }: Pick<Status, 'rotation'>): Phase | undefined {
  const phase = rotation?.phase ?? 'Idle';
  return isPhase(phase) ? phase : undefined;
}

export const isUnderWay = (status: Pick<Status, 'rotation'>): boolean => phaseOf(status) !== 'Idle';

/** In these a call that changes the instance is made or looked for: one pass works on the instance at a time. */
const CALLING: ReadonlySet<Phase> = new Set(['Adding', 'Switching', 'SwitchingBack']);

export function isCalling(status: Pick<Status, 'rotation'>): boolean {
  const phase = phaseOf(status);
  return phase !== undefined && CALLING.has(phase);
}

/** A call was recorded, and what became of it is not known. */
export const isUnresolved = (record: CallRecord | undefined): boolean =>
  record !== undefined && record.outcome === undefined;

/** Its operation was accepted, and its end is not seen. */
export const isFollowed = (record: CallRecord | undefined): boolean => record?.outcome === 'Accepted';

/** No answer names an operation of it, and yet there may be one. */
export const mayHaveRun = (record: CallRecord | undefined): boolean =>
  record?.outcome === 'Refused' || record?.outcome === 'Unknown';

/** Nothing else of the instance may be called before it is closed. */
export const isOpen = (record: CallRecord | undefined): boolean => isUnresolved(record) || isFollowed(record);

/** What outlasts a rotation. */
const lasting = ({ rejected, replaced, stalls }: Rotation): Rotation => ({
  ...(rejected !== undefined && { rejected }),
  ...(replaced !== undefined && { replaced }),
  ...(stalls !== undefined && { stalls }),
});

export interface Beginning {
  readonly cause: Cause;
  readonly requestId: string | undefined;
  readonly previous: string;
  /** Absent: it is still to be added. */
  readonly next: string | undefined;
}

export const begun = (
  rotation: Rotation = {},
  { cause, requestId, previous, next }: Beginning,
  now: Date,
): Rotation => ({
  ...lasting(rotation),
  phase: next === undefined ? 'Adding' : 'Distributing',
  cause,
  ...(requestId !== undefined && { requestId }),
  previous,
  ...(next !== undefined && { next }),
  startTime: toTime(now),
  phaseTime: toTime(now),
});

/** In another phase, with a deadline of its own; what kept it up is over. */
export const inPhase = (
  { retryTime: _retryTime, waitingFor: _waitingFor, ...rotation }: Rotation,
  phase: Phase,
  now: Date,
): Rotation => renewed({ ...rotation, phase }, now);

/** It goes on where it stalled, with a fresh deadline: a person has said so, or what was in the way is gone. */
export function resumed(
  { retryTime: _retryTime, failures: _failures, stalls: _stalls, replaced, ...rotation }: Rotation,
  now: Date,
): Rotation {
  const countsAnew = rotation.stalled?.reason === 'WaitingServerCaReplaced';
  return renewed({ ...rotation, ...(!countsAnew && replaced !== undefined && { replaced }) }, now);
}

/** What stands still before it begins has a deadline too, from the first time that it could not. */
export function renewed(rotation: Rotation, now: Date): Rotation {
  const { stalled: _stalled, gate: _gate, spentSeconds: _spentSeconds, phaseTime: _phaseTime, ...rest } = rotation;
  return isUnderWay({ rotation }) ? { ...rest, phaseTime: toTime(now) } : rest;
}

export type Standing = Pick<Status, 'rotation' | 'rollout'>;

/**
 * For how many milliseconds of its phase it has got no further, waits at gates apart. A phase whose time cannot be read has
 * stood still for ever: nothing waits without a bound.
 */
export function standsStillMs({ rotation = {}, rollout }: Standing, now: Date): number {
  const sinceMs = timeOf(rotation.phaseTime) ?? 0;
  const movedMs = timeOf(rollout?.progressTime) ?? 0;
  const spentMs = movedMs > sinceMs ? 0 : (rotation.spentSeconds ?? 0) * 1000;
  return now.getTime() - Math.max(sinceMs, movedMs) + spentMs;
}

/** It stops, and keeps what it is for, so that the same is not begun once more. */
export function stalledBy(
  rotation: Rotation,
  stalled: { readonly reason: RotationStalledReason; readonly message: string },
  now: Date,
): Rotation {
  const kept = isUnderWay({ rotation }) ? rotation : renewed(rotation, now);
  const { gate: _gate, failures: _failures, retryTime: _retryTime, ...rest } = kept;
  const isSame = rotation.stalled?.reason === stalled.reason;
  const time = isSame ? (rotation.stalled?.time ?? toTime(now)) : toTime(now);
  return { ...rest, stalled: { ...stalled, time }, stalls: (rotation.stalls ?? 0) + Number(!isSame) };
}

export const MAX_HISTORY = 10;
const MAX_EXECUTED = 100;

export type Ended = Pick<Status, 'rotation' | 'history' | 'executedRequestIds'> & { readonly plan: undefined };

/** It is over. What it was asked for by is executed, whatever came of it. */
export function ended({ status }: CloudSqlServerCa, outcome: Outcome, now: Date): Ended {
  const { rotation = {}, history = [] } = status;
  const { cause = 'Expiry', requestId, previous, next, startTime = toTime(now), rejected, stalls } = rotation;
  const { approvedManager } = rotation;
  const entry: HistoryEntry = {
    cause,
    outcome,
    ...(requestId !== undefined && { requestId }),
    ...(previous !== undefined && { previous }),
    ...(next !== undefined && { next }),
    ...(approvedManager !== undefined && { approvedManager }),
    startTime,
    endTime: toTime(now),
  };
  return {
    rotation: {
      phase: 'Idle',
      ...(rejected !== undefined && { rejected }),
      ...(stalls !== undefined && outcome === 'Failed' && { stalls }),
    },
    plan: undefined,
    history: [entry, ...history].slice(0, MAX_HISTORY),
    ...(requestId !== undefined && { executedRequestIds: withExecuted(status, requestId) }),
  };
}

export const withExecuted = ({ executedRequestIds = [] }: Status, requestId: string): readonly string[] =>
  [requestId, ...executedRequestIds.filter((one) => one !== requestId)].slice(0, MAX_EXECUTED);

const newestFirst = (all: readonly string[] = [], one: string, most: number): readonly string[] =>
  [one, ...all.filter((other) => other !== one)].slice(0, most);

export const withRejected = ({ rejected }: Rotation, fingerprint: string): readonly string[] =>
  newestFirst(rejected, fingerprint, 10);

export const withReplaced = ({ replaced }: Rotation, fingerprint: string): readonly string[] =>
  newestFirst(replaced, fingerprint, 10);
