/** What became of a recorded call of a rotation, by what the instance shows. */
import { findRunning, isDone, type Operation } from '../../call/operation.ts';
import { type Claims, candidates, type ResolvePolicy, suspects } from '../../call/resolve.ts';
import { newestFirst } from '../../trust/ca-roles.ts';
import type { CallRecord } from './rotation.ts';
import type { ListedVersion } from './versions.ts';

export interface CallSeen {
  readonly record: CallRecord;
  /** The CAs, or with a CA service the server certificates, as the instance lists them now, the active one first. */
  readonly listed: readonly ListedVersion[];
  /** Operations of the instance, newest first, back to the baseline. */
  readonly operations: readonly Operation[];
  readonly claims: Claims;
  /** A call of another object of the instance may have an operation that nobody knows of. */
  readonly mayBeOfSibling: boolean;
  /** Since this process saw the record first, on its own monotonic clock. */
  readonly sinceSeenMs: number;
  /** Since this process saw the one candidate DONE first; 0 when it is not. */
  readonly sinceDoneMs: number;
}

export type CallOutcome =
  | { readonly kind: 'Wait'; readonly message: string }
  /** It has had its effect, `operation` if that was found. */
  | { readonly kind: 'Done'; readonly operation?: Operation }
  | { readonly kind: 'Failed'; readonly operation: Operation }
  /** It did not run and never will: another attempt may begin. */
  | { readonly kind: 'NotSent' }
  /** The instance serves by a CA that is neither: somebody else was there. */
  | { readonly kind: 'Overtaken'; readonly operation?: Operation }
  | { readonly kind: 'Unknown'; readonly message: string; readonly operation?: Operation };

export type Evidence = 'Agrees' | 'Unchanged' | 'Overtaken';

/**
 * Of an add: a CA that was not listed before, and does not serve. Of a switch: the CA by which the instance serves. One
 * that serves and is neither of the two was put there by somebody else.
 */
export function evidenceOf(
  { kind, next, before }: CallRecord,
  [active, ...others]: readonly ListedVersion[],
): Evidence {
  const now = active?.sha1Fingerprint;
  if (kind !== 'Add' && now !== undefined && now === next) return 'Agrees';
  if (now !== before.active) return 'Overtaken';
  const isNew = ({ sha1Fingerprint }: ListedVersion): boolean => !before.serverCas.includes(sha1Fingerprint);
  return kind === 'Add' && others.some(isNew) ? 'Agrees' : 'Unchanged';
}

/** What an add has brought; undefined: nothing. */
export const added = ({ before }: CallRecord, [, ...others]: readonly ListedVersion[]): string | undefined =>
  others.filter(({ sha1Fingerprint }) => !before.serverCas.includes(sha1Fingerprint)).toSorted(newestFirst)[0]
    ?.sha1Fingerprint;

/**
 * Finds out what became of a call whose answer is not known. Never answers that it did not run while it may, and never that
 * it is done while its operation may still come.
 *
 * 1. One candidate: wait for its end; then by its error, or by the evidence, or, once the grace is over, unknown. Where
 *    another object may have an operation too, only the evidence tells whose it is, and that once the grace is over: of the
 *    two, the other one may be listed first.
 * 2. Another operation runs: wait for its end.
 * 3. No candidate: once the grace is over, by the evidence alone, which a call in flight can no longer change.
 * 4. Several, or one of which it cannot be told whose it is: by the evidence once the grace is over, else unknown.
 */
export function callOutcome(seen: CallSeen, { resolveGraceMs, caSettleMs }: ResolvePolicy): CallOutcome {
  const { record, operations, listed } = seen;
  const evidence = evidenceOf(record, listed);
  const found = candidates({ ...seen, before: record.before, user: record.user });
  const isInGrace = seen.sinceSeenMs < resolveGraceMs;
  const [only] = found;
  if (only !== undefined && found.length === 1 && isOwn(only, evidence, { ...seen, isInGrace })) {
    // It may be another one, of which nobody knows yet: then the call is still on its way.
    return endOf(only, evidence, { isSettling: seen.sinceDoneMs < caSettleMs || isInGrace });
  }
  const running = findRunning(operations);
  if (running !== undefined) return { kind: 'Wait', message: `Operation ${running.name} runs on the instance` };
  if (isInGrace) {
    const seconds = Math.ceil(resolveGraceMs / 1000);
    return { kind: 'Wait', message: `The operation of the call may still appear within ${seconds} s` };
  }
  if (evidence === 'Agrees') return { kind: 'Done' };
  if (evidence === 'Overtaken' && found.length === 0) return { kind: 'Overtaken' };
  const suspected = suspects({ before: record.before, user: record.user, operations, claimed: seen.claims.all });
  if (suspected.length === 0) return { kind: 'NotSent' };
  const names = suspected.map(({ name }) => name).join(', ');
  const what = suspected.length === 1 ? 'An operation' : 'Several operations';
  return { kind: 'Unknown', message: `${what} may be the call: ${names}` };
}

/** What failed shows nothing: where it may be of another object it is nobody's. */
const isOwn = (
  { error }: Operation,
  evidence: Evidence,
  { mayBeOfSibling, isInGrace }: Pick<CallSeen, 'mayBeOfSibling'> & { readonly isInGrace: boolean },
): boolean => !mayBeOfSibling || (!isInGrace && evidence === 'Agrees' && error === undefined);

/** What a call came to whose operation is known, or was found. */
export function endOf(
  operation: Operation,
  evidence: Evidence,
  { isSettling }: { readonly isSettling: boolean },
): CallOutcome {
  if (!isDone(operation)) return { kind: 'Wait', message: `Operation ${operation.name} is not done` };
  if (operation.error !== undefined) return { kind: 'Failed', operation };
  if (evidence === 'Agrees') return { kind: 'Done', operation };
  if (isSettling)
    return { kind: 'Wait', message: `Operation ${operation.name} is done, and what the instance lists is as before` };
  if (evidence === 'Overtaken') return { kind: 'Overtaken', operation };
  const message = `Operation ${operation.name} is done, but what the instance lists is as before`;
  return { kind: 'Unknown', message, operation };
}
