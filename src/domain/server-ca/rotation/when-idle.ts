/** What is to be done where no rotation is under way. */
import { timeOf } from '../../../lib/time.ts';
import { type CloudSqlServerCa, isSettled } from '../server-ca-object.ts';
import { candidate } from './adoptable.ts';
import { type Due, dueByExpiryMs, dueOf } from './due.ts';
import { gateOf, type Pinned } from './gates.ts';
import { type Move, type MoveFacts, REST } from './move.ts';
import type { Rotation } from './rotation.ts';
import { alike, notListed, notPinnable, type Stall } from './stall-words.ts';
import { isTriedAgain } from './tried-again.ts';
import { activeVersion, versionsOf } from './versions.ts';

type DueNow = Extract<Due, { readonly kind: 'Due' }>;

export function whenIdle(object: CloudSqlServerCa, rotation: Rotation, facts: MoveFacts): Move {
  return afterSwitchBack(rotation, facts.now) ?? whenAllIsSaid(object, rotation, facts);
}

const RECOVERY_MS = 60_000;

/** The dependents of a switch that was taken back are remembered until they have been looked at once more. */
function afterSwitchBack({ stalled, dependents }: Rotation, now: Date): Move | undefined {
  if (stalled?.reason !== 'RotationRolledBack' || dependents === undefined) return undefined;
  const untilMs = (timeOf(stalled.time) ?? 0) + RECOVERY_MS;
  return untilMs > now.getTime() ? { kind: 'Rest', untilMs } : { kind: 'JudgeRollback' };
}

function whenAllIsSaid(object: CloudSqlServerCa, rotation: Rotation, facts: MoveFacts): Move {
  const judged = object.spec.rotation.mode === 'Never' ? undefined : byInstance(object, rotation, facts);
  if (judged !== undefined) return judged;
  const due = dueOf(object, facts.now);
  switch (due.kind) {
    case 'None':
      return whenNotDue(object, rotation, facts);
    case 'NotListed':
      return saidOnce(notListed(object, due.fingerprint), rotation);
    case 'NotPinnable':
      return saidOnce(notPinnable(due.fingerprint), rotation);
    case 'Due': {
      const again = isHeldUp(rotation, due, facts.now);
      if (again !== undefined) return again;
      // Nothing begins before the object itself is right: its workloads trust what the instance serves by now.
      return isSettled(object) ? whenDue(object, due, facts) : REST;
    }
  }
}

/** What no call can rotate is told of before anything is due; once it is something else, its rotation goes on. */
export function byInstance(object: CloudSqlServerCa, { stalled }: Rotation, { instance }: MoveFacts): Move | undefined {
  if (instance === undefined || isForPerson(stalled?.reason)) return undefined;
  const { unfit } = instance;
  if (unfit !== undefined) return stalled?.message === unfit.message ? REST : { kind: 'Stall', stall: unfit };
  const isOver = stalled?.reason === 'NotRotatable' && !versionsOf(object.status).some(({ isAlike }) => isAlike);
  return isOver ? { kind: 'Resume' } : undefined;
}

const saidOnce = (stall: Stall, { stalled, next }: Rotation): Move =>
  stalled?.reason === stall.reason && next === stall.next ? REST : { kind: 'Stall', stall };

/** The same has stalled before it began; undefined: it has not, or is tried again by now. */
function isHeldUp(rotation: Rotation, due: DueNow, now: Date): Move | undefined {
  const { stalled } = rotation;
  if (stalled === undefined) return undefined;
  // A switch that was taken back, or of which nothing is known, is looked at by a person before another one begins by itself.
  if (due.cause === 'Expiry' && isForPerson(stalled.reason)) return REST;
  const isSame =
    rotation.cause === due.cause &&
    rotation.requestId === due.requestId &&
    (due.next === undefined || rotation.next === due.next);
  if (!isSame || stalled.reason === 'ServerCaNotListed') return undefined;
  const again = isTriedAgain(rotation, now);
  if (again === true) return undefined;
  return again === false ? REST : { kind: 'Rest', untilMs: again };
}

function whenDue(object: CloudSqlServerCa, { cause, requestId, next: asked }: DueNow, facts: MoveFacts): Move {
  const previous = activeVersion(object.status)?.sha1Fingerprint;
  if (previous === undefined) return REST;
  const taken = asked === undefined ? candidate(object, facts.siblings.rejected, facts.now) : undefined;
  if (taken?.kind === 'Alike') return { kind: 'Stall', stall: alike(object, taken.next) };
  const next = taken?.kind === 'Adopt' ? taken.next : asked;
  const beginning = { cause, requestId, previous, next };
  return atGate(object, facts, { kind: 'Begin', beginning }, pinnedElsewhere(facts, next));
}

/** It stands until somebody has looked at it. */
export const isForPerson = (reason: string | undefined): boolean =>
  reason === 'RotationRolledBack' || reason === 'OutcomeUnknown';

function whenNotDue(object: CloudSqlServerCa, { stalled, gate }: Rotation, { now, mayNotRotate }: MoveFacts): Move {
  const { mode } = object.spec.rotation;
  const { plan } = object.status;
  const isDenied = mayNotRotate === true || gate?.reason === 'NotPermitted';
  if (isDenied && mode !== 'Never' && stalled === undefined) {
    return isSettled(object) ? { kind: 'AskPermission' } : REST;
  }
  const isOver =
    mode === 'Never' || stalled?.reason === 'ServerCaNotListed' || (stalled === undefined && gate !== undefined);
  // A plan is gone with what it was for.
  if ((isOver && (stalled ?? gate) !== undefined) || (stalled === undefined && plan !== undefined))
    return { kind: 'Resume' };
  const dueMs = mode === 'WhenDue' ? dueByExpiryMs(object) : undefined;
  return dueMs === undefined || dueMs <= now.getTime() ? REST : { kind: 'Rest', untilMs: dueMs };
}

/** The move, unless something has to be waited for first. */
export function atGate(object: CloudSqlServerCa, { now, siblings }: MoveFacts, move: Move, pinned?: Pinned): Move {
  const gate = gateOf(object, { now, goesFirst: siblings.goesFirst, pinned });
  return gate === undefined ? move : { kind: 'Stay', gate };
}

/** Two objects that pin two CAs would have the instance switch between them for ever. */
export const pinnedElsewhere = ({ siblings: { pinned } }: MoveFacts, next: string | undefined): Pinned | undefined =>
  pinned?.fingerprint === next ? undefined : pinned;
