import { timeOf } from '../../../lib/time.ts';
import { remainingDelayMs } from '../../call/retry.ts';
import { isExpired } from '../publication.ts';
import { type CloudSqlServerCa, isSettled } from '../server-ca-object.ts';
import { type Move, type MoveFacts, REST } from './move.ts';
import { isFollowed, isUnresolved, phaseOf, type Rotation, standsStillMs, type WaitingFor } from './rotation.ts';
import { alike, replacedTooOften, siblingNotReady, siblingOutsideWindow } from './stall-words.ts';
import { isTriedAgain } from './tried-again.ts';
import { activeVersion, type Version, versionsOf } from './versions.ts';
import { isStillWanted, newerRequest } from './wanted.ts';
import { atGate, byInstance, pinnedElsewhere, whenIdle } from './when-idle.ts';

/**
 * Names the one move that comes next, by what the last look has seen. The first row that matches wins. With a CA service,
 * what is said of CAs is so of server certificates.
 *
 * | what is known | move |
 * |---|---|
 * | a call was recorded and its outcome is not known | resolve |
 * | accepted, and not seen to its end | follow |
 * | a delay that is recorded | rest |
 * | switching back, verifying | switch back, verify: whatever the spec says now, but that a newer request is served by it |
 * | the mode is Never, or what asked for it was taken away, or another object pins another CA, or the instance serves by a third one | end, superseded |
 * | the instance serves by the next CA | end, rotated |
 * | stalled | rest; a sibling that got there, or the time of another try, or a new request goes on |
 * | idle | begin where it is due, and no gate is closed |
 * | adding | add, once the object is published and rolled as it is |
 * | the next CA is not listed any more, or clients cannot tell it from the active one | begin anew, stall |
 * | no window of it, or of another object of the instance, has opened since the next CA was added | wait for one |
 * | an object of the instance does not have the next CA | wait for it; at the deadline stall |
 * | all have it | hold, then switch |
 */
export function nextMove(object: CloudSqlServerCa, facts: MoveFacts): Move {
  const { status } = object;
  const rotation = status.rotation ?? {};
  const phase = phaseOf(status);
  if (isUnresolved(rotation.record)) return { kind: 'Resolve' };
  if (isFollowed(rotation.record)) return { kind: 'Follow' };
  const retryMs = facts.now.getTime() + remainingDelayMs(rotation, facts.now);
  if (retryMs > facts.now.getTime()) return { kind: 'Rest', untilMs: retryMs };
  if (phase === undefined) return REST;
  if (phase === 'SwitchingBack') return rotation.stalled === undefined ? { kind: 'SwitchBack' } : REST;
  if (phase === 'Verifying') return renamed(newerRequest(object, rotation)) ?? { kind: 'Verify' };
  return phase === 'Idle' ? whenIdle(object, rotation, facts) : underWay(object, rotation, facts);
}

function underWay(object: CloudSqlServerCa, rotation: Rotation, facts: MoveFacts): Move {
  const active = activeVersion(object.status)?.sha1Fingerprint;
  if (active === undefined) return REST;
  if (active === rotation.next) return { kind: 'End', outcome: 'Rotated' };
  const isWanted = isStillWanted(object, rotation) && pinnedElsewhere(facts, rotation.next) === undefined;
  if (!isWanted || active !== rotation.previous) return { kind: 'End', outcome: 'Superseded' };
  const newer = renamed(newerRequest(object, rotation));
  if (rotation.stalled !== undefined) {
    return newer === undefined ? whileStalled(object, rotation, facts) : { kind: 'End', outcome: 'Failed' };
  }
  if (newer !== undefined) return newer;
  if (rotation.phase !== 'Adding') return withNext(object, rotation, facts);
  // What keeps it from being followed keeps it from being rotated, and is said there.
  return isSettled(object) ? atGate(object, facts, { kind: 'Add' }) : REST;
}

const renamed = (requestId: string | undefined): Move | undefined =>
  requestId === undefined ? undefined : { kind: 'Rename', requestId };

function whileStalled(object: CloudSqlServerCa, rotation: Rotation, facts: MoveFacts): Move {
  const { now, siblings } = facts;
  const { stalled, next = '' } = rotation;
  if (byInstance(object, rotation, facts)?.kind === 'Resume') return { kind: 'Resume' };
  if (stalled?.reason === 'SiblingNotReady' && siblings.waitingFor(next).length === 0) return { kind: 'Resume' };
  const again = isTriedAgain(rotation, now);
  if (again === true) return { kind: 'End', outcome: 'Failed' };
  return again === false ? REST : { kind: 'Rest', untilMs: again };
}

function withNext(object: CloudSqlServerCa, rotation: Rotation, facts: MoveFacts): Move {
  const { now } = facts;
  const { next = '' } = rotation;
  const row = versionsOf(object.status).find(({ sha1Fingerprint }) => sha1Fingerprint === next);
  if (!isListed(row) || isExpired(row, now)) {
    const isThird = (rotation.replaced ?? []).length >= 2;
    return isThird ? { kind: 'Stall', stall: replacedTooOften(object) } : { kind: 'Replaced', fingerprint: next };
  }
  // The next look takes it for one that is to be used.
  if (row.role !== 'Waiting') return REST;
  if (row.isAlike) return isSettled(object) ? { kind: 'Stall', stall: alike(object, next) } : REST;
  return isSettled(object) ? onceRolled(object, row, rotation, facts) : REST;
}

function onceRolled(object: CloudSqlServerCa, row: Version, rotation: Rotation, facts: MoveFacts): Move {
  const { now, siblings } = facts;
  const { next = '', phase } = rotation;
  if (row.heldBack !== undefined) return outsideWindow(row.heldBack);
  const asleep = phase === 'Distributing' ? siblings.awaitingWindow(next) : undefined;
  if (asleep !== undefined) return outsideWindow(siblingOutsideWindow(asleep, next));
  if (phase === 'Distributing' && rotation.gate?.reason === 'OutsideWindow') return { kind: 'PassGate' };
  const waitingFor = siblings.waitingFor(next);
  if (waitingFor.length > 0) return whileWaiting(object, rotation, waitingFor, now);
  if (phase === 'Distributing') return { kind: 'Distributed' };
  if (phase === 'Switching') return atGate(object, facts, { kind: 'Switch' });
  const untilMs = (timeOf(rotation.distributedTime) ?? now.getTime()) + object.spec.rotation.holdSeconds * 1000;
  return untilMs > now.getTime() ? { kind: 'Hold', untilMs } : { kind: 'HoldIsOver' };
}

const outsideWindow = (message: string): Move => ({ kind: 'Stay', gate: { reason: 'OutsideWindow', message } });

const isListed = (row: Version | undefined): row is Version => row !== undefined && row.role !== 'Unlisted';

function whileWaiting(object: CloudSqlServerCa, rotation: Rotation, waitingFor: WaitingFor, now: Date): Move {
  if (rotation.phase !== 'Distributing') return { kind: 'Redistribute' };
  return standsStillMs(object.status, now) >= object.spec.deadlineSeconds * 1000
    ? { kind: 'Stall', stall: siblingNotReady(waitingFor) }
    : { kind: 'AwaitSiblings', waitingFor };
}
