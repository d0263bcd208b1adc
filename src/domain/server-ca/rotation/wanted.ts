/** Whether what a rotation was begun for, or has stalled for, is what the spec asks for now. */
import type { CloudSqlServerCa } from '../server-ca-object.ts';
import { isExecuted } from './due.ts';
import { phaseOf, type Rotation } from './rotation.ts';

type Asking = Pick<CloudSqlServerCa, 'spec' | 'status'>;

/** A request that came later is served by the rotation that is under way, whatever that was begun for; undefined: there is none. */
export function newerRequest({ spec, status }: Asking, { cause, requestId: served }: Rotation): string | undefined {
  const { requestId } = spec.rotation;
  const isNewer = cause !== 'Pin' && requestId !== served && !isExecuted({ spec, status });
  return isNewer ? requestId : undefined;
}

/** What it was begun for is still in the spec. A pin comes before all else. */
export function isStillWanted({ spec, status }: Asking, { cause, next, requestId: served }: Rotation): boolean {
  const { mode, requestId, activeSha1Fingerprint } = spec.rotation;
  const pin = activeSha1Fingerprint?.toLowerCase();
  if (mode === 'Never') return false;
  if (cause === 'Pin') return pin !== undefined && pin === next;
  if (pin !== undefined) return false;
  if (cause !== 'RequestId') return mode === 'WhenDue' || (served !== undefined && requestId === served);
  // One that was executed before asks for nothing any more: a commit was reverted, say.
  return requestId !== undefined && (requestId === served || !isExecuted({ spec, status }));
}

/**
 * Why the rotation stands still; undefined: it does not, or it did for what the spec asks for no more. That is kept all the
 * same, until the next one has begun.
 */
export function standingStall(object: Asking): Rotation['stalled'] {
  const { rotation = {} } = object.status;
  const { stalled } = rotation;
  if (stalled === undefined || phaseOf(object.status) === 'SwitchingBack') return stalled;
  const isOver =
    phaseOf(object.status) === 'Idle'
      ? isAskedAnew(object, rotation)
      : !isStillWanted(object, rotation) || newerRequest(object, rotation) !== undefined;
  return isOver ? undefined : stalled;
}

/** Stalled for these whatever it was asked for by. */
const OF_INSTANCE = 'NotRotatable';
/** Stalled for these by the pin alone. */
const OF_PIN: ReadonlySet<string> = new Set(['ServerCaNotListed', 'InvalidRequest']);

/** By another pin or request than what has stalled; what is due by the expiry begins by itself, or waits for a person. */
function isAskedAnew(object: Asking, { cause, next, requestId: served, stalled }: Rotation): boolean {
  const { mode, requestId, activeSha1Fingerprint } = object.spec.rotation;
  if (mode === 'Never') return true;
  if (stalled?.reason === OF_INSTANCE) return false;
  const pin = activeSha1Fingerprint?.toLowerCase();
  if (pin !== undefined) return pin !== next || !(cause === 'Pin' || OF_PIN.has(stalled?.reason ?? ''));
  return requestId !== undefined && !isExecuted(object) && !(cause === 'RequestId' && requestId === served);
}
