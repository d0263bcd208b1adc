import { hasOtherServerCertificate, type ServerCertificates } from '../../domain/call/evidence.ts';
import type { Before, Operation } from '../../domain/call/operation.ts';
import { BASELINE_SIZE, hasUpdates, suspects } from '../../domain/call/resolve.ts';
import { progressing, type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import { mayHaveRun } from '../../domain/reset/request.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import type { Context, StepResult } from '../pass.ts';
import { readServerCertificates } from './evidence.ts';
import { siblingInDoubt } from './sibling-in-doubt.ts';

/** While an earlier call may have run its own baseline must be reached; otherwise the newest operations are enough. */
export async function readOperations({ spec }: SslReset, request: Request, { cloudSql: { lowPriority } }: Context) {
  const known = new Set(mayHaveRun(request) ? request.before?.operations : []);
  return known.size === 0
    ? lowPriority.operations(spec, { limit: BASELINE_SIZE })
    : lowPriority.operations(spec, { limit: BASELINE_SIZE * 5, isKnown: ({ name }) => known.has(name) });
}

/** An operation of an earlier call that shows up late must not become part of the baseline, and is never called over. */
export function hasLateOperation(
  reset: SslReset,
  request: Request,
  operations: readonly Operation[],
  { index }: Context,
): boolean {
  const { before, user } = request;
  if (!mayHaveRun(request) || before === undefined) return false;
  return (
    suspects({ before, user, operations, claimed: index.siblingsOf(reset).operations.claims(reset.status).answered })
      .length > 0
  );
}

/** What was known before a call that may have run, where the certificates are others by now. */
function beforeChange(request: Request, certificates: ServerCertificates): Before | undefined {
  const { before } = request;
  if (!mayHaveRun(request) || before === undefined) return undefined;
  return hasOtherServerCertificate(before, certificates) ? before : undefined;
}

/**
 * The certificates changed although no operation of an earlier call is listed: that may have been the call. For one that
 * was refused whatever else has updated the instance since explains it, but neither a client certificate nor an earlier
 * reset of the object.
 */
export function hasTraces(
  reset: SslReset,
  request: Request,
  seen: { readonly operations: readonly Operation[]; readonly certificates: ServerCertificates },
  { index }: Context,
): boolean {
  const before = beforeChange(request, seen.certificates);
  if (before === undefined) return false;
  if (request.inDoubt === true) return true;
  const { answered, resets } = index.siblingsOf(reset).operations.claims(reset.status);
  const others = seen.operations.filter(({ name }) => resets.has(name) || !answered.has(name));
  return !hasUpdates(before, others);
}

/**
 * What a call waits for where the certificates are others than before one that was refused, and only somebody else's update
 * explains that: it may have been listed late, and so may be the operation of the refused call.
 */
export function unexplainedChange(
  reset: SslReset,
  request: Request,
  seen: { readonly operations: readonly Operation[]; readonly certificates: ServerCertificates },
  { index, memory, settings }: Context,
): Verdict | undefined {
  const before = beforeChange(request, seen.certificates);
  if (before === undefined) return undefined;
  const { resets } = index.siblingsOf(reset).operations.claims(reset.status);
  const ofSiblings = seen.operations.filter(({ name }) => resets.has(name));
  if (hasUpdates(before, ofSiblings)) return undefined;
  const sinceMs = memory.sinceSeenMs(reset.metadata.uid, `changed since ${request.time}`);
  if (sinceMs >= settings.resolveGraceMs) return undefined;
  const seconds = Math.ceil(settings.resolveGraceMs / 1000);
  return waiting(
    'WaitingForInstance',
    `The certificates have changed since the call was refused, and somebody else has updated the instance; waiting up to ${seconds} s for an operation of the call to be listed all the same`,
  );
}

/**
 * Whether an earlier call shows by now, by its operation or by the certificates: asked before the request is given up.
 * Undefined if the instance cannot be read.
 */
export async function hasRunAfterAll(
  reset: SslReset,
  request: Request,
  context: Context,
): Promise<boolean | undefined> {
  if (!mayHaveRun(request)) return false;
  try {
    const operations = await readOperations(reset, request, context);
    if (hasLateOperation(reset, request, operations, context)) return true;
    const { lowPriority } = context.cloudSql;
    const instance = await lowPriority.instance(reset.spec);
    const certificates = await readServerCertificates(lowPriority, reset.spec, instance);
    return hasTraces(reset, request, { operations, certificates }, context);
  } catch (error) {
    if (error instanceof CloudSqlError) return undefined;
    throw error;
  }
}

/**
 * A sibling that is finding out what became of a call comes first: the operation may be its own, and no candidate.
 */
export function resolveFirst(reset: SslReset, request: Request, context: Context): StepResult {
  const obstacle = siblingInDoubt(context.index.siblingsOf(reset).unresolved(), reset, context);
  if (obstacle !== undefined) return { verdict: obstacle, outlastsDeadline: true };
  const { outcome: _outcome, ...unresolved } = request;
  return {
    changes: { request: unresolved },
    verdict: progressing(
      'ResolvingOutcome',
      'An operation of an earlier call may have shown up; nothing is called until that is clear',
    ),
  };
}
