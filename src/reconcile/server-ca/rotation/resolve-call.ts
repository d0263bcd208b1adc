import { isDone, type Operation } from '../../../domain/call/operation.ts';
import { BASELINE_SIZE, candidates } from '../../../domain/call/resolve.ts';
import { pollDelayMs } from '../../../domain/call/retry.ts';
import { type CallSeen, callOutcome } from '../../../domain/server-ca/rotation/outcome.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { applyOutcome } from './apply-outcome.ts';
import { versionCalls } from './versions.ts';

/** Finds out what became of a recorded call before anything else is called for the instance. */
export async function resolveCall(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { cloudSql, index, memory, settings, clock, logger } = context;
  const { metadata, spec, status } = object;
  const record = status.rotation?.record;
  if (record === undefined) return { afterMs: settings.pollMinMs };
  const sinceSeenMs = memory.sinceSeenMs(metadata.uid, `call ${record.kind} ${record.attempt} ${record.time}`);
  const known = new Set(record.before.operations);
  const operations = await cloudSql.operations(spec, {
    limit: BASELINE_SIZE * 5,
    isKnown: ({ name }) => known.has(name),
  });
  const { listed } = await versionCalls(object, context).list();
  const siblings = index.siblingsOf(object);
  const claims = siblings.operations.claims({});
  const found = candidates({ before: record.before, user: record.user, operations, claims });
  const mayBeOfSibling = siblings.mayHaveRun();
  const waited = { sinceSeenMs, sinceDoneMs: sinceDone(found) };
  const seen: CallSeen = { record, listed, operations, claims, mayBeOfSibling, ...waited };
  const outcome = callOutcome(seen, settings);
  logger.info('Outcome of a recorded call examined', { call: record.kind, outcome: outcome.kind });
  if (outcome.kind === 'Wait') return { afterMs: pollDelayMs(record.time, clock.now(), settings) };
  return applyOutcome(object, record, { outcome, listed }, context);

  function sinceDone(all: readonly Operation[]): number {
    const done = all.find(isDone);
    return done === undefined ? 0 : memory.sinceSeenMs(metadata.uid, `done ${done.name}`);
  }
}
