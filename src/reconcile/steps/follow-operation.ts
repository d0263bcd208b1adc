import { pollDelayMs } from '../../domain/attempts.ts';
import { progressing, stalled, toTime, type Verdict } from '../../domain/conditions.ts';
import { CloudSqlError, isKubernetesError } from '../../domain/errors.ts';
import { isDone } from '../../domain/resolve.ts';
import type { Operation, Request, SslReset } from '../../domain/ssl-reset.ts';
import { factsOf } from '../../domain/status.ts';
import type { StepResult, World } from '../pass.ts';
import { readEvidence } from './evidence.ts';
import { unknownMessage } from './hold.ts';
import { publish } from './publish.ts';

/**
 * Follows the accepted operation to its end, however long that takes, and publishes what came of it: its end and the new
 * CA are one write. Where they cannot be, the end is written alone, and the next pass says what is in the way.
 */
export async function followOperation(reset: SslReset, world: World): Promise<StepResult> {
  const followed = await follow(reset, world);
  const isOver = followed.kind === 'Finding' && followed.facts.request?.doneTime !== undefined;
  if (!isOver || reset.metadata.deletionTimestamp !== undefined) return followed;
  try {
    return await publish({ ...reset, status: { ...reset.status, ...followed.facts } }, world);
  } catch (error) {
    if (error instanceof CloudSqlError || isKubernetesError(error)) return followed;
    throw error;
  }
}

async function follow(reset: SslReset, world: World): Promise<StepResult> {
  const { request, operation } = reset.status;
  if (request === undefined || operation === undefined) return { kind: 'Idle' };
  const current = await readOperation(reset, operation, world);
  if (current === undefined) return whenVanished(reset, request, operation, world);
  const now = world.clock.now();
  return {
    kind: 'Finding',
    facts: {
      ...factsOf(reset),
      operation: current,
      request: isDone(current) ? { ...request, doneTime: toTime(now) } : request,
    },
    verdict: progress(current),
    ...(!isDone(current) && { requeueAfterMs: pollDelayMs(request.time, now, world.settings) }),
  };
}

async function readOperation(
  { spec }: SslReset,
  { name }: Operation,
  { cloudSql }: World,
): Promise<Operation | undefined> {
  try {
    return await cloudSql.operation(spec.project, name);
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'NotFound') return undefined;
    throw error;
  }
}

export function progress(operation: Operation): Verdict {
  if (isDone(operation))
    return progressing('Publishing', `Operation ${operation.name} is done; the server CAs are read`);
  const { name, status = 'UNKNOWN' } = operation;
  return progressing(
    status === 'PENDING' ? 'OperationPending' : 'OperationRunning',
    `Operation ${name} is ${status}; it is followed to its end`,
  );
}

/** The operation is no longer known to Cloud SQL: what the instance shows decides, as after a lost answer. */
async function whenVanished(reset: SslReset, request: Request, { name }: Operation, world: World): Promise<StepResult> {
  const { cloudSql, clock, memory, settings } = world;
  const facts = factsOf(reset);
  const now = clock.now();
  if (await readEvidence(cloudSql, reset.spec, request.before ?? {})) {
    return {
      kind: 'Finding',
      facts: { ...facts, request: { ...request, doneTime: toTime(now) } },
      verdict: progressing(
        'Publishing',
        `Operation ${name} is not listed any more, and the instance has new certificates`,
      ),
    };
  }
  if (memory.sinceSeenMs(reset.metadata.uid, `vanished ${name}`) < settings.resolveGraceMs) {
    return {
      kind: 'Finding',
      facts,
      verdict: progressing(
        'ResolvingOutcome',
        `Operation ${name} is not listed any more; the certificates are still the old ones`,
      ),
      requeueAfterMs: pollDelayMs(request.time, now, settings),
    };
  }
  return {
    kind: 'Finding',
    facts: { ...facts, request: { ...request, outcome: 'Unknown' } },
    verdict: stalled(
      'OutcomeUnknown',
      unknownMessage(reset, `Operation ${name} was accepted and is not listed any more`),
    ),
  };
}
