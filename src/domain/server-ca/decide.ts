import { WAITING_REASONS } from '../call/refusal.ts';
import { findCondition } from '../conditions.ts';
import type { Move } from './rotation/move.ts';
import { type CloudSqlServerCa, isPublished, isSettled, stalledReason } from './server-ca-object.ts';

export type Step =
  | { readonly kind: 'Nothing' }
  | { readonly kind: 'Wait'; readonly delayMs: number }
  | { readonly kind: 'Look' }
  | { readonly kind: 'Rotate'; readonly move: Move }
  | { readonly kind: 'Roll' };

export interface DecisionFacts {
  /** Milliseconds until the instance is to be looked at again. */
  readonly lookDueInMs: number;
  /** What a rotation has to do next, and milliseconds until then. */
  readonly rotation: { readonly move: Move; readonly dueInMs: number };
}

/**
 * Names the one step that comes next. The first row that matches wins.
 *
 * | what is known | step |
 * |---|---|
 * | being deleted | nothing |
 * | a call of a rotation is recorded, and not at its end | rotate: find out, follow |
 * | without conditions, or never looked at by this process; its time has come; the spec, `retry` or what a sibling read is new | look, and publish |
 * | a rotation has something to do | rotate |
 * | published, neither ready nor stalled, and Cloud SQL answers | roll |
 * | else | wait for the next look |
 */
export function decide(object: CloudSqlServerCa, { lookDueInMs, rotation }: DecisionFacts): Step {
  if (object.metadata.deletionTimestamp !== undefined) return { kind: 'Nothing' };
  const { move, dueInMs } = rotation;
  const isDue = dueInMs <= 0 && move.kind !== 'Rest';
  if (isDue && (move.kind === 'Resolve' || move.kind === 'Follow')) return { kind: 'Rotate', move };
  if (lookDueInMs <= 0 || object.status.conditions === undefined) return { kind: 'Look' };
  if (isDue) return { kind: 'Rotate', move };
  return isRolling(object) ? { kind: 'Roll' } : { kind: 'Wait', delayMs: Math.min(lookDueInMs, dueInMs) };
}

/** What was published is on its way to the workloads. */
export const isRolling = (object: CloudSqlServerCa): boolean =>
  object.status.rollout !== undefined &&
  isPublished(object) &&
  !isSettled(object) &&
  stalledReason(object) === undefined &&
  !isUnseen(object);

const UNSEEN: ReadonlySet<string> = new Set(Object.values(WAITING_REASONS));

/** Cloud SQL cannot be asked, and the status says so. */
const isUnseen = ({ status }: CloudSqlServerCa): boolean =>
  UNSEEN.has(findCondition(status.conditions, 'Reconciling')?.reason ?? '');
