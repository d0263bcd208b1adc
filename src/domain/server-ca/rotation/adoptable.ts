/** Whether a CA, or server certificate, that waits is taken, or another one is added in its place. */
import { timeOf } from '../../../lib/time.ts';
import { newestFirst } from '../../trust/ca-roles.ts';
import { isExpired } from '../publication.ts';
import type { CloudSqlServerCa } from '../server-ca-object.ts';
import { renewBeforeMs } from './due.ts';
import { activeVersion, type Version, versionsOf } from './versions.ts';

export type Candidate =
  | { readonly kind: 'Adopt'; readonly next: string }
  /** Clients could not tell it from the active one. */
  | { readonly kind: 'Alike'; readonly next: string }
  /** None waits, or the one that does would have to be rotated out again soon: another one takes its place. */
  | { readonly kind: 'Add' };

/**
 * One that was switched back from is never taken. One that does not outlive the active one by long enough is replaced,
 * but only once: what comes in its place is taken, since no other one is to be had.
 * @param rejected SHA-1 fingerprints that any object of the instance switched back from
 */
export function candidate(object: CloudSqlServerCa, rejected: ReadonlySet<string>, now: Date): Candidate {
  const { rotation } = object.status;
  const active = activeVersion(object.status);
  const waiting = versionsOf(object.status).filter((one) => one.role === 'Waiting' && !isExpired(one, now));
  const alike = waiting.find(({ isAlike }) => isAlike);
  if (alike !== undefined) return { kind: 'Alike', next: alike.sha1Fingerprint };
  const [last] = waiting.filter(({ sha1Fingerprint }) => !rejected.has(sha1Fingerprint)).toSorted(newestFirst);
  if (active === undefined || last === undefined) return { kind: 'Add' };
  const hasReplacedOne = (rotation?.replaced ?? []).length > 0;
  const isWorthIt = outlives(last, active, renewBeforeMs(object.spec.rotation, active), now);
  return isWorthIt || hasReplacedOne ? { kind: 'Adopt', next: last.sha1Fingerprint } : { kind: 'Add' };
}

/** What cannot be read is taken for enough: an add would replace a CA that clients may trust already. */
function outlives(next: Version, active: Version, renewMs: number, now: Date): boolean {
  const [nextMs, activeMs] = [timeOf(next.expirationTime), timeOf(active.expirationTime)];
  if (nextMs === undefined || activeMs === undefined) return true;
  return nextMs - activeMs > renewMs && nextMs - now.getTime() > renewMs;
}
