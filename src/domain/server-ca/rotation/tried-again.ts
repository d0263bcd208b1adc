import { timeOf } from '../../../lib/time.ts';
import type { Rotation } from './rotation.ts';
import { isRotationStalledReason, ROTATION_STALLED } from './stalled.ts';

const HOUR_MS = 60 * 60_000;
const MAX_HOURS = 24;

/**
 * Whether a rotation that has stalled begins again by itself: true now, false never, else when, in milliseconds since the
 * epoch. Only one by expiry does, after 1, 2, 4, … 24 hours; any other one has a person who asked for it.
 */
export function isTriedAgain({ cause, stalled, stalls = 1 }: Rotation, now: Date): boolean | number {
  const reason = stalled?.reason ?? '';
  if (cause !== 'Expiry' || !isRotationStalledReason(reason) || !ROTATION_STALLED[reason].triesAgain) return false;
  const hours = Math.min(MAX_HOURS, 2 ** Math.min(stalls - 1, 10));
  const againMs = (timeOf(stalled?.time) ?? 0) + hours * HOUR_MS;
  return againMs <= now.getTime() || againMs;
}
