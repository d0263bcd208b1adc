import type { Status } from '../server-ca-object.ts';
import type { Outcome } from './rotation.ts';

export const ROTATION_OUTCOMES: readonly Outcome[] = ['Rotated', 'RolledBack', 'Superseded', 'Failed'];

/** A rotation came to its end with a status write. */
export interface RotationEnd {
  readonly kind: 'RotationEnded';
  readonly outcome: Outcome;
}

/** A write ends one at most; another version may have written an outcome that this one does not know. */
export function endedRotation(
  { history: before = [] }: Status,
  { history: after = [] }: Status,
): readonly RotationEnd[] {
  const [newest] = after;
  const isKnown = before[0]?.startTime === newest?.startTime && before[0]?.endTime === newest?.endTime;
  const outcome = ROTATION_OUTCOMES.find((one) => one === newest?.outcome);
  return isKnown || outcome === undefined ? [] : [{ kind: 'RotationEnded', outcome }];
}
