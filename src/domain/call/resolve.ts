import { timeOf } from '../../lib/time.ts';
import { type Before, findRunning, isDone, isNewType, isOtherType, isUpdate, type Operation } from './operation.ts';

/** Names of operations that other objects of an instance hold as theirs. */
export interface Claims {
  /** Their resets. */
  readonly resets: ReadonlySet<string>;
  /** Their resets, and what issued or deleted their client certificates. */
  readonly all: ReadonlySet<string>;
  /** Those of `all` that an answer named. The others were found after a lost answer, and may be the call in doubt. */
  readonly answered: ReadonlySet<string>;
}

/** What can be seen of an instance after a call whose outcome is not known. */
export interface Observation {
  /** What was known before the call; of the first call in doubt, where there were several. */
  readonly before: Before;
  /** Account that called; undefined: nothing is ever taken for ours. */
  readonly user: string | undefined;
  /** Operations of the instance, newest first, back to the baseline. */
  readonly operations: readonly Operation[];
  readonly claims: Claims;
  /** An operation of a reset that another object has had since, which need not be listed any more. */
  readonly resetOfSibling: string | undefined;
  /** The server's certificates differ from `before`, or client certificates of `before` are gone. */
  readonly evidenceAgrees: boolean;
  /** The evidence is a CA that a rotation of the instance was for. */
  readonly isOfRotation: boolean;
  /** A call of a rotation of the instance may have an operation that nobody knows of. */
  readonly mayBeOfRotation: boolean;
  /** Since this process saw the record first, on its own monotonic clock. */
  readonly sinceSeenMs: number;
  /** Since this process saw the one candidate DONE first; 0 when it is not. */
  readonly sinceDoneMs: number;
}

export interface ResolvePolicy {
  readonly resolveGraceMs: number;
  readonly caSettleMs: number;
}

export type Resolution =
  /** The call was executed, and this is its operation. */
  | { readonly kind: 'Adopt'; readonly operation: Operation }
  | { readonly kind: 'Wait'; readonly message: string }
  /** The call did not run and never will: a new attempt may begin, from preflight. */
  | { readonly kind: 'NotSent' }
  | { readonly kind: 'Unknown'; readonly message: string };

/**
 * Finds out what became of a call whose answer is not known. Never answers that it did not run while it may.
 *
 * 1. One candidate: wait for its end; then it is ours if it failed or the evidence agrees, else unknown; unknown too if
 *    another object has reset the instance since, or it failed and may be a call of a rotation.
 * 2. No candidate and another operation runs: wait for its end.
 * 3. No candidate, unchanged evidence, the grace over: it did not run, unless an operation is new that may be the call,
 *    but our account is not known, or another object found it after a lost answer: unknown.
 * 4. Anything else: unknown. Before the grace is over only 1 and 2 decide, since a list that lags looks like evidence
 *    without an operation.
 */
export function resolve(seen: Observation, { resolveGraceMs, caSettleMs }: ResolvePolicy): Resolution {
  const found = candidates(seen);
  const [only] = found;
  if (only !== undefined && found.length === 1) return judgeCandidate(only, seen, caSettleMs);
  const running = findRunning(seen.operations);
  if (running !== undefined) return { kind: 'Wait', message: `Operation ${running.name} runs on the instance` };
  if (seen.sinceSeenMs < resolveGraceMs) {
    const seconds = Math.ceil(resolveGraceMs / 1000);
    return {
      kind: 'Wait',
      message: `The operation of the call is not identified yet; it may still appear within ${seconds} s`,
    };
  }
  if (found.length > 1) {
    const names = found.map(({ name }) => name).join(', ');
    return { kind: 'Unknown', message: `Several operations may be the reset: ${names}` };
  }
  if (seen.evidenceAgrees) {
    return {
      kind: 'Unknown',
      message: "The certificates of the instance have changed, and no operation of the operator's account is listed",
    };
  }
  const [suspect] = suspects({ ...seen, claimed: seen.claims.answered });
  if (suspect === undefined) return { kind: 'NotSent' };
  return { kind: 'Unknown', message: `Operation ${suspect.name} may be the reset; ${doubtAbout(suspect, seen)}` };
}

function doubtAbout({ user, operationType }: Operation, seen: Observation): string {
  if (seen.user === undefined) return "the operator's account is not known";
  if (user === undefined || !isUpdate(operationType)) {
    return 'Cloud SQL does not say who started it, or of which type it is, or the type is a new one';
  }
  return 'another CloudSqlSslReset of the instance claimed it after a lost answer';
}

function judgeCandidate(candidate: Operation, seen: Observation, caSettleMs: number): Resolution {
  const { evidenceAgrees, isOfRotation, mayBeOfRotation, sinceDoneMs } = seen;
  if (!isDone(candidate))
    return { kind: 'Wait', message: `Operation ${candidate.name} may be the reset; it is running` };
  const other = resetSince(seen);
  if (other !== undefined) {
    return {
      kind: 'Unknown',
      message: `Operation ${candidate.name} may be the reset, or the issue of a client certificate: another CloudSqlSslReset has since reset the instance, by operation ${other}`,
    };
  }
  if (candidate.error !== undefined && mayBeOfRotation) {
    return {
      kind: 'Unknown',
      message: `Operation ${candidate.name} failed; it may be the reset, or a call for a CloudSqlServerCa of the instance`,
    };
  }
  if (candidate.error !== undefined || (evidenceAgrees && !isOfRotation))
    return { kind: 'Adopt', operation: candidate };
  if (sinceDoneMs < caSettleMs) {
    return {
      kind: 'Wait',
      message: `Operation ${candidate.name} is done, and ${shown(seen)}`,
    };
  }
  return {
    kind: 'Unknown',
    message: `Operation ${candidate.name} was started by the operator's account since then, but ${shown(seen)}`,
  };
}

const shown = ({ isOfRotation }: Observation): string =>
  isOfRotation ? 'the server CA is one that was added for a rotation' : 'the certificates are still the old ones';

/** A reset of another object since the baseline: the evidence is of that one, and says nothing about this call. */
const resetSince = ({ before, operations, claims, resetOfSibling }: Observation): string | undefined =>
  operations.find(({ name }) => claims.resets.has(name) && before.operations?.includes(name) !== true)?.name ??
  resetOfSibling;

/** Operations that may be the call in doubt: new since the baseline, of a reset's type, and started by our account. */
export const candidates = ({ claims, ...seen }: Omit<CandidateSearch, 'claimed'> & Pick<Observation, 'claims'>) =>
  suspects({ ...seen, claimed: claims.all }).filter(
    ({ operationType, user }) => isUpdate(operationType) && user !== undefined && isSameAccount(user, seen.user),
  );

/** Addresses of accounts are the same in any case, and whoever wrote the credentials may have used another one. */
const isSameAccount = (one: string, other: string | undefined): boolean => one.toLowerCase() === other?.toLowerCase();

/**
 * Candidates, and what may be one as far as can be read: while our account is not known, that of any account, and else
 * also one whose account or type is not there, or whose type is a new one. Never adopted, never called over.
 */
export function suspects({ before, user, operations, claimed }: CandidateSearch): readonly Operation[] {
  const known = new Set(before.operations);
  return operations.filter(
    (operation) =>
      !known.has(operation.name) &&
      !claimed.has(operation.name) &&
      !isOtherType(operation.operationType) &&
      (user === undefined || operation.user === undefined || isSameAccount(operation.user, user)) &&
      !isBefore(operation.insertTime, before.operationsSince),
  );
}

/** Whether anybody has updated the instance since. What an operation of a new type did explains nothing. */
export const hasUpdates = (before: Before, operations: readonly Operation[]): boolean =>
  suspects({ before, user: undefined, operations, claimed: new Set() }).some(
    ({ operationType }) => !isNewType(operationType),
  );

export interface CandidateSearch extends Pick<Observation, 'before' | 'user' | 'operations'> {
  readonly claimed: ReadonlySet<string>;
}

/** Both times are Google's: two clocks are never compared. What is written in another way than today is before nothing. */
const isBefore = (time: string | undefined, baseline: string | undefined): boolean =>
  (timeOf(time) ?? Number.POSITIVE_INFINITY) < (timeOf(baseline) ?? Number.NEGATIVE_INFINITY);

/** How many names of operations a record keeps. */
export const BASELINE_SIZE = 100;

/**
 * The operations so far, as a record keeps them: those that are listed, and those that are known and may be listed late,
 * newest first.
 */
export function baseline(
  operations: readonly Operation[],
  known: readonly string[],
): Pick<Before, 'operations' | 'operationsSince'> {
  const unlisted = known.filter((one) => !operations.some(({ name }) => name === one)).slice(0, BASELINE_SIZE / 2);
  const newest = operations.slice(0, BASELINE_SIZE - unlisted.length);
  const oldest = newest.at(-1)?.insertTime;
  return {
    operations: [...unlisted, ...newest.map(({ name }) => name)],
    ...(oldest !== undefined && { operationsSince: oldest }),
  };
}
