import { isDone, type Operation } from '../../domain/call/operation.ts';
import { pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { withChanges } from '../../domain/reset/status.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Conclusion, type Context, NOW, type StepResult } from '../pass.ts';
import { readEvidence } from './evidence.ts';
import { unknownMessage } from './keep-unknown.ts';
import { publish } from './publish.ts';
import { wakeAtChange } from './wake-at-change.ts';

/**
 * Follows the accepted operation to its end, however long that takes, and publishes what came of it: its end and the new
 * CA are one write. Where they cannot be, the end is written alone, and the next pass says what is in the way.
 */
export async function followOperation(reset: SslReset, context: Context): Promise<StepResult> {
  const followed = await follow(reset, context);
  const { changes } = followed;
  if (changes?.request?.doneTime === undefined || reset.metadata.deletionTimestamp !== undefined) return followed;
  try {
    const published = await publish(withChanges(reset, changes), context);
    return { ...published, changes: { ...changes, ...published.changes } };
  } catch {
    return followed;
  }
}

async function follow(reset: SslReset, context: Context): Promise<StepResult> {
  const { request, operation } = reset.status;
  if (request === undefined || operation === undefined) return { next: AWAIT_CHANGE };
  const current = await readOperation(reset, operation, context);
  if (current === undefined) return whenVanished(reset, request, operation, context);
  if (!isDone(current)) wakeAtChange(reset, current, context);
  const now = context.clock.now();
  return {
    changes: { operation: current, ...(isDone(current) && { request: { ...request, doneTime: toTime(now) } }) },
    verdict: progress(current),
    next: isDone(current) ? NOW : after(pollDelayMs(request.time, now, context.settings)),
  };
}

async function readOperation(
  { spec }: SslReset,
  { name }: Operation,
  { cloudSql }: Context,
): Promise<Operation | undefined> {
  return orUndefined(() => cloudSql.operation(spec.project, name));
}

async function orUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'NotFound') return undefined;
    throw error;
  }
}

/** What is said of an operation that Cloud SQL does not know; also its own word where it does not say. */
const UNKNOWN = 'UNKNOWN';

export function progress(operation: Operation): Verdict {
  if (isDone(operation))
    return progressing('Publishing', `Operation ${operation.name} is done; reading the server CAs`);
  const { name, status = UNKNOWN } = operation;
  return progressing(
    status === 'PENDING' ? 'OperationPending' : 'OperationRunning',
    `Operation ${name} is ${status}; following it to its end`,
  );
}

/** The operation is no longer known to Cloud SQL: what the instance shows decides, as after a lost answer. */
async function whenVanished(
  reset: SslReset,
  request: Request,
  operation: Operation,
  context: Context,
): Promise<StepResult> {
  const { clock, memory, settings } = context;
  const { name } = operation;
  const now = clock.now();
  const vanished = { operation: { ...operation, status: UNKNOWN } };
  const seen = await readTraces(reset, request, context);
  const sinceMs = memory.sinceSeenMs(reset.metadata.uid, `vanished ${name}: ${seen}`);
  // One answer in vain is not the end of it.
  if (seen === 'Reset' && sinceMs > 0) {
    return {
      changes: { ...vanished, request: { ...request, doneTime: toTime(now) } },
      verdict: progressing(
        'Publishing',
        `Operation ${name} is no longer listed, and the instance has new certificates`,
      ),
    };
  }
  if (seen === 'Reset' || sinceMs < settings.resolveGraceMs) {
    return {
      changes: vanished,
      verdict: whileVanished(name, seen),
      next: after(pollDelayMs(request.time, now, settings)),
    };
  }
  const what =
    seen === 'NoInstance'
      ? `Cloud SQL no longer knows operation ${name} or the instance`
      : `Operation ${name} was accepted and is no longer listed`;
  return {
    changes: { ...vanished, request: { ...request, outcome: 'Unknown' } },
    verdict: stalled('OutcomeUnknown', unknownMessage(reset, what)),
  };
}

type Traces = 'Reset' | 'Unchanged' | 'NoInstance';

async function readTraces({ spec }: SslReset, { before = {} }: Request, { cloudSql }: Context): Promise<Traces> {
  const hasEvidence = await orUndefined(() => readEvidence(cloudSql, spec, before));
  if (hasEvidence === undefined) return 'NoInstance';
  return hasEvidence ? 'Reset' : 'Unchanged';
}

function whileVanished(name: string, seen: Traces): Verdict {
  if (seen === 'NoInstance') {
    return waiting('InstanceNotFound', `Cloud SQL no longer knows operation ${name} or the instance`);
  }
  const certificates =
    seen === 'Reset' ? 'the instance has new certificates' : 'the certificates are still the old ones';
  return progressing('ResolvingOutcome', `Operation ${name} is no longer listed; ${certificates}`);
}

/**
 * An operation that was not known any more may be known again by the time at which the request ends: then what it says is
 * the truth, also that it failed.
 */
export async function withLastWord(
  rolled: Conclusion,
  { spec, status: { operation } }: SslReset,
  context: Context,
): Promise<Conclusion> {
  const { changes, verdict, next: _next, ...rest } = rolled;
  if (verdict.kind === 'Progressing' || verdict.kind === 'Waiting' || operation?.status !== UNKNOWN) return rolled;
  const known = await lastWord(spec.project, operation.name, context);
  if (known === undefined || !isDone(known)) return rolled;
  return {
    ...rest,
    changes: { ...changes, operation: known },
    verdict: progressing('RollingOut', `Operation ${known.name} is known to Cloud SQL again; its result counts`),
  };
}

async function lastWord(project: string, name: string, { cloudSql }: Context): Promise<Operation | undefined> {
  try {
    return await cloudSql.operation(project, name);
  } catch (error) {
    if (error instanceof CloudSqlError) return undefined;
    throw error;
  }
}
