/** A call that no answer says to have run, and that may have all the same: what answered it may have refused a copy. */
import type { Operation } from '../../../domain/call/operation.ts';
import { BASELINE_SIZE, candidates, suspects } from '../../../domain/call/resolve.ts';
import { CloudSqlError } from '../../../domain/errors.ts';
import { evidenceOf } from '../../../domain/server-ca/rotation/outcome.ts';
import type { CallKind, CallRecord } from '../../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext } from '../context.ts';
import { versionCalls } from './versions.ts';

/** One of this call that is not known to have run. */
export function earlierAttempt({ status }: CloudSqlServerCa, kind: CallKind): CallRecord | undefined {
  const { record } = status.rotation ?? {};
  const isAttempt = record?.kind === kind && (record.outcome === 'NotSent' || record.outcome === 'Refused');
  return isAttempt ? record : undefined;
}

/**
 * An operation shows that is the call, or may be one that was refused: nothing is called over that. One that was not sent
 * has none, unless our account says so.
 */
export function hasLateOperation(
  object: CloudSqlServerCa,
  { before, user, outcome }: CallRecord,
  operations: readonly Operation[],
  { index }: ServerCaContext,
): boolean {
  const claims = index.siblingsOf(object).operations.claims({});
  const seen = { before, user, operations };
  const late = outcome === 'NotSent' ? candidates({ ...seen, claims }) : suspects({ ...seen, claimed: claims.all });
  return late.length > 0;
}

/**
 * Whether a call shows, by its operation or by what the instance lists, although its answer refuses it. One that is closed
 * all the same leaves an operation that nobody claims, which a reset would take for its own. Undefined if the instance
 * cannot be read.
 */
export async function hasRunAfterAll(
  object: CloudSqlServerCa,
  record: CallRecord,
  context: ServerCaContext,
): Promise<boolean | undefined> {
  try {
    const operations = await context.cloudSql.operations(object.spec, { limit: BASELINE_SIZE });
    if (hasLateOperation(object, record, operations, context)) return true;
    const { listed } = await versionCalls(object, context).list();
    return evidenceOf(record, listed) === 'Agrees';
  } catch (error) {
    if (error instanceof CloudSqlError) return undefined;
    throw error;
  }
}
