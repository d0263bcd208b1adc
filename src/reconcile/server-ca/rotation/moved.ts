/** How a move of a rotation gets into the status: what is published and rolled is said as it stands. */
import { isDeepStrictEqual } from 'node:util';
import { afterFailure, lateLookDelayMs, lookAgainDelayMs } from '../../../domain/call/retry.ts';
import { findCondition, progressing, stalled, type Verdict, waiting } from '../../../domain/conditions.ts';
import { isProgressReason, isStalledReason, isWaitingReason } from '../../../domain/reason-rules.ts';
import { completion, LOOKING_FOR_DEPENDENTS } from '../../../domain/server-ca/completion.ts';
import { atClosedGate, isAtGate, pastGate } from '../../../domain/server-ca/rotation/closed-gate.ts';
import { dueOf } from '../../../domain/server-ca/rotation/due.ts';
import type { Gate } from '../../../domain/server-ca/rotation/gates.ts';
import { pastDeadline } from '../../../domain/server-ca/rotation/hindered.ts';
import type { Plan } from '../../../domain/server-ca/rotation/plan.ts';
import { phaseOf, type Rotation, stalledBy } from '../../../domain/server-ca/rotation/rotation.ts';
import type { Stall } from '../../../domain/server-ca/rotation/stall-words.ts';
import { isForPerson } from '../../../domain/server-ca/rotation/when-idle.ts';
import { type CloudSqlServerCa, isSettled } from '../../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../../domain/server-ca/status.ts';
import { oneLine } from '../../../lib/one-line.ts';
import { timeOf } from '../../../lib/time.ts';
import type { StepEvent } from '../../pass.ts';
import { type ClosedWindows, opening } from '../../window-check.ts';
import type { Conclusion, ServerCaContext, StepResult } from '../context.ts';

type Needs = Pick<ServerCaContext, 'clock' | 'settings'>;

export const moved = (
  object: CloudSqlServerCa,
  changes: StatusChanges,
  { clock }: Pick<Needs, 'clock'>,
  { events = [], afterMs = 0 }: { readonly events?: readonly StepEvent[]; readonly afterMs?: number } = {},
): Conclusion => ({
  changes: { ...changes, isUnobserved: true },
  verdict: followVerdict(object, clock.now()),
  events,
  afterMs,
});

/** What is to be said of publishing and rolling, whatever becomes of a rotation. */
export function followVerdict(object: CloudSqlServerCa, now: Date): Verdict {
  if (isSettled(object)) return completion(object, now);
  const { conditions } = object.status;
  const stall = findCondition(conditions, 'Stalled');
  if (stall !== undefined && isStalledReason(stall.reason)) return stalled(stall.reason, stall.message);
  const { reason = '', message = '' } = findCondition(conditions, 'Reconciling') ?? {};
  if (isWaitingReason(reason)) return waiting(reason, message);
  return isProgressReason(reason) ? progressing(reason, message) : LOOKING_FOR_DEPENDENTS;
}

interface AtGate {
  readonly plan?: Plan;
  /** The window that it waits for. */
  readonly closed?: ClosedWindows;
  readonly afterMs?: number;
}

export function atGate(
  object: CloudSqlServerCa,
  gate: Gate,
  context: Needs,
  { plan, closed, afterMs = gateDelayMs(gate, context) }: AtGate = {},
): Conclusion {
  const changes = {
    rotation: atClosedGate(object.status, gate, context.clock.now()),
    ...(plan !== undefined && { plan }),
    ...(closed !== undefined && { nextWindowTime: opening(closed) }),
  };
  return moved(object, changes, context, { events: news(object, gate), afterMs: closed?.afterMs ?? afterMs });
}

const gateDelayMs = ({ reason }: Gate, { settings }: Needs): number =>
  reason === 'NotPermitted' ? lateLookDelayMs(settings) : settings.pollMaxMs;

/** Told once: it waits for somebody, or for a time, and the object stays Ready, which tells nobody. */
export function news(
  { status }: CloudSqlServerCa,
  gate: NonNullable<Rotation['gate']>,
  reason = gate.reason,
): readonly StepEvent[] {
  const isTold = isDeepStrictEqual(status.rotation?.gate, gate);
  if (isTold || !(isWaitingReason(reason) || isStalledReason(reason))) return [];
  return [{ type: 'Warning', reason, action: 'Rotate', note: gate.message }];
}

export function stalledAt(object: CloudSqlServerCa, { next, ...why }: Stall, context: Needs): Conclusion {
  return moved(
    object,
    { rotation: stalledRotation(object, { ...why, ...(next !== undefined && { next }) }, context) },
    context,
    {
      events: [{ type: 'Warning', reason: why.reason, action: 'Rotate', note: oneLine(why.message) }],
      afterMs: context.settings.pollMaxMs,
    },
  );
}

/** Where none has begun it keeps what it would have been for, so that the same is not begun once more. */
function stalledRotation(object: CloudSqlServerCa, { next, ...why }: Stall, { clock }: Pick<Needs, 'clock'>): Rotation {
  const { status } = object;
  const now = clock.now();
  const rotation = { ...status.rotation, ...(next !== undefined && { next }) };
  const due = phaseOf(status) === 'Idle' ? dueOf(object, now) : undefined;
  if (due?.kind !== 'Due') return stalledBy(rotation, why, now);
  const { cause, requestId, next: asked } = due;
  return stalledBy(
    { ...rotation, cause, ...(requestId !== undefined && { requestId }), ...(asked !== undefined && { next: asked }) },
    why,
    now,
  );
}

/**
 * Something has to be put right, and it is tried again, slower each time, until the deadline. What is tried without an end
 * is written down once: the instance may be gone for good.
 */
export function obstacle(
  object: CloudSqlServerCa,
  message: string,
  context: Needs & Pick<ServerCaContext, 'memory'>,
  retryAfterMs?: number,
): StepResult {
  const { rotation: before = {} } = object.status;
  const now = context.clock.now();
  const rotation = isAtGate(before) || before.phaseTime === undefined ? begunAnew(before, now) : before;
  const over = pastDeadline({ ...object, status: { ...object.status, rotation } }, message, now);
  if (over !== undefined) return stalledAt(object, over, context);
  const { waitingFor: _waitingFor, ...rest } = rotation;
  const gate: Gate = { reason: 'RotationDue', message: oneLine(message) };
  const isKnown = phaseOf(object.status) === 'SwitchingBack' && isDeepStrictEqual(before.gate, gate);
  if (isKnown && retryAfterMs === undefined) {
    const elapsedMs = context.memory.sinceSeenMs(object.metadata.uid, `cannot switch back: ${gate.message}`);
    return { afterMs: lookAgainDelayMs(elapsedMs, context.settings) };
  }
  const tried = afterFailure({ ...rest, gate }, now, context.settings, retryAfterMs);
  return moved(object, { rotation: tried }, context, { afterMs: (timeOf(tried.retryTime) ?? 0) - now.getTime() });
}

/** What a person is to look at is kept until another rotation has begun: it may be taken back before. */
const begunAnew = (before: Rotation, now: Date): Rotation => ({
  ...pastGate(before, now),
  ...(isForPerson(before.stalled?.reason) && { stalled: before.stalled }),
});

/** The gates are open by now: the rotation goes on, and its deadline begins here. */
export function whenGateOpens(object: CloudSqlServerCa, context: Needs): Conclusion | undefined {
  const { rotation = {} } = object.status;
  return isAtGate(rotation) ? moved(object, { rotation: pastGate(rotation, context.clock.now()) }, context) : undefined;
}
