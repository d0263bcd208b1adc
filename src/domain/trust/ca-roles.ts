/** What each server CA of an instance, or with a CA service each server certificate, is for. The API names the active one alone. */
import { timeOf } from '../../lib/time.ts';
import type { ServerCa } from '../instance.ts';

export type Role =
  /** The server certificate is signed by it. */
  | 'Active'
  /** It was added to be used next. */
  | 'Waiting'
  /** It was active before. */
  | 'RotatedOut'
  /** The instance lists it no longer; workloads may hold it. */
  | 'Unlisted';

type Listed = Pick<ServerCa, 'sha1Fingerprint' | 'createTime'>;

export type InRole<T extends Listed> = T & { readonly role: Exclude<Role, 'Unlisted'> };
export type CaInRole = InRole<ServerCa>;

/** The order of what was added: by when it was made, and what does not say that in a form that can be read last. */
export const newestFirst = (a: Pick<ServerCa, 'createTime'>, b: Pick<ServerCa, 'createTime'>): number =>
  (timeOf(b.createTime) ?? 0) - (timeOf(a.createTime) ?? 0);

/**
 * A CA waits if it is newer than the active one and was never active, as far as any object of the instance recorded. One
 * whose time cannot be read waits as well: what is published and rolled for does no harm.
 *
 * @param listed as the instance lists them, the active one first
 * @param pastActive SHA-1 fingerprints of those that were active
 * @param rotatingTo of those that an object of the instance is about to switch to: they wait, whatever they were before
 */
export function inRoles<T extends Listed>(
  [active, ...others]: readonly T[],
  pastActive: ReadonlySet<string>,
  rotatingTo: readonly string[] = [],
): readonly InRole<T>[] {
  if (active === undefined) return [];
  const sinceMs = timeOf(active.createTime) ?? Number.NEGATIVE_INFINITY;
  const roleOf = ({ sha1Fingerprint, createTime }: Listed): CaInRole['role'] => {
    if (rotatingTo.includes(sha1Fingerprint)) return 'Waiting';
    const isNewer = (timeOf(createTime) ?? Number.POSITIVE_INFINITY) > sinceMs;
    return isNewer && !pastActive.has(sha1Fingerprint) ? 'Waiting' : 'RotatedOut';
  };
  return [{ ...active, role: 'Active' }, ...others.map((ca) => ({ ...ca, role: roleOf(ca) }))];
}
