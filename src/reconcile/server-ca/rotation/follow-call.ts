import { isDone, type Operation } from '../../../domain/call/operation.ts';
import { pollDelayMs } from '../../../domain/call/retry.ts';
import { CloudSqlError } from '../../../domain/errors.ts';
import { instanceKey } from '../../../domain/instance.ts';
import { type CallOutcome, endOf, evidenceOf } from '../../../domain/server-ca/rotation/outcome.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { applyOutcome } from './apply-outcome.ts';
import { versionCalls } from './versions.ts';

/** Follows an accepted operation to its end, however long that takes, and judges by the CAs what came of it. */
export async function followCall(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { memory, settings, clock, looks, index, wake } = context;
  const { metadata, spec, status } = object;
  const record = status.rotation?.record;
  if (record?.operation === undefined) return { afterMs: settings.pollMaxMs };
  const operation = await read(spec.project, record.operation, context);
  const afterMs = pollDelayMs(record.time, clock.now(), settings);
  if (operation !== undefined && !isDone(operation)) return { afterMs };
  const atMs = clock.monotonicMs();
  const { listed, look } = await versionCalls(object, context).list();
  const evidence = evidenceOf(record, listed);
  const sinceMs = memory.sinceSeenMs(
    metadata.uid,
    `${operation === undefined ? 'vanished' : 'done'} ${record.operation}`,
  );
  const outcome: CallOutcome =
    operation === undefined
      ? vanished(record.operation, evidence, sinceMs >= settings.resolveGraceMs)
      : endOf(operation, evidence, { isSettling: sinceMs < settings.caSettleMs });
  if (outcome.kind === 'Wait') return { afterMs };
  const result = applyOutcome(object, record, { outcome, listed }, context);
  if (outcome.kind === 'Done') {
    // The look that comes next, of any object of the instance, finds no more than this.
    looks.found(instanceKey(spec), { ...look, atMs });
    wake(index.siblingsOf(object).followers());
  }
  return result;
}

function vanished(name: string, evidence: ReturnType<typeof evidenceOf>, isOver: boolean): CallOutcome {
  if (evidence === 'Agrees') return { kind: 'Done' };
  const message = `Operation ${name} was accepted and is no longer listed`;
  if (!isOver) return { kind: 'Wait', message };
  return evidence === 'Overtaken' ? { kind: 'Overtaken' } : { kind: 'Unknown', message };
}

async function read(project: string, name: string, { cloudSql }: ServerCaContext): Promise<Operation | undefined> {
  try {
    return await cloudSql.operation(project, name);
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'NotFound') return undefined;
    throw error;
  }
}
