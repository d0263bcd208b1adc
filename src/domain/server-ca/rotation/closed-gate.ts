/** A rotation that waits at a gate for somebody, or for a time, and goes on from there. */
import type { Gate, GateReason } from './gates.ts';
import { isUnderWay, type Rotation, renewed, type Standing, standsStillMs } from './rotation.ts';

/** Waiting there is no standing still. What has passed of its deadline counts afterwards. */
export function atClosedGate(status: Standing, gate: Gate, now: Date): Rotation {
  const { waitingFor: _waitingFor, ...rotation } = status.rotation ?? {};
  if (isAtGate(rotation) || rotation.phaseTime === undefined) return { ...rotation, gate };
  const spentSeconds = Math.floor(standsStillMs(status, now) / 1000);
  return { ...rotation, ...(spentSeconds > 0 && { spentSeconds }), gate };
}

/** By them an object is told to be done, or to be refused. */
const BY_SPEC: ReadonlySet<string> = new Set<GateReason>(['Planned', 'Expired']);

/**
 * What it waits for by a spec of before, and anything that it waits for after a stall: the next move finds out by the spec as
 * it is now. What it stalled for is kept.
 */
export function leavesGate(rotation: Rotation, now: Date): Rotation {
  const { gate, stalled } = rotation;
  if (!isAtGate(rotation) || !(BY_SPEC.has(gate?.reason ?? '') || stalled !== undefined)) return rotation;
  const left = isUnderWay({ rotation }) ? pastGate(rotation, now) : renewed(rotation, now);
  return { ...left, ...(stalled !== undefined && { stalled }) };
}

/** The rest of its deadline begins here. */
export function pastGate({ gate: _gate, stalled: _stalled, ...rotation }: Rotation, now: Date): Rotation {
  return { ...rotation, phaseTime: now.toISOString() };
}

export const isAtGate = ({ gate }: Rotation): boolean => gate !== undefined && gate.reason !== 'RotationDue';
