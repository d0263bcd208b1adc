import { evidenceAgrees } from '../../domain/call/evidence.ts';
import { isDone, type Operation } from '../../domain/call/operation.ts';
import { BASELINE_SIZE, candidates, type Observation, type Resolution, resolve } from '../../domain/call/resolve.ts';
import { pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, stalled } from '../../domain/conditions.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Context, normal, type StepResult } from '../pass.ts';
import { readTraces } from './evidence.ts';
import { unknownMessage } from './keep-unknown.ts';

/** Finds out what became of a recorded call before anything else is done for the instance. */
export async function resolveOutcome(reset: SslReset, context: Context): Promise<StepResult> {
  const { request } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const resolution = resolve(await observe(reset, request, context), context.settings);
  return conclude(reset, request, resolution, context);
}

/** More operations than a record keeps are read, so that the baseline is reached where others were busy meanwhile. */
const OPERATIONS_LIMIT = BASELINE_SIZE * 5;

async function observe(reset: SslReset, request: Request, context: Context): Promise<Observation> {
  const { cloudSql, index, memory } = context;
  const { metadata, spec } = reset;
  const before = request.before ?? {};
  const known = new Set(before.operations);
  const call = `call ${request.attempt} ${request.time ?? ''}`;
  const sinceSeenMs = memory.sinceSeenMs(metadata.uid, call);
  const operations = await cloudSql.operations(spec, {
    limit: OPERATIONS_LIMIT,
    isKnown: ({ name }) => known.has(name),
  });
  const siblings = index.siblingsOf(reset);
  const search = { before, user: request.user, operations, claims: siblings.operations.claims(reset.status) };
  const traces = await readTraces(cloudSql, spec, before);
  const agrees = evidenceAgrees(before, traces);
  const alsoListed = [...(before.alsoListed ?? []), ...siblings.rotations.rotatedTo()];
  return {
    ...search,
    resetOfSibling: siblings.operations.resetSince(request),
    evidenceAgrees: agrees,
    isOfRotation: agrees && !evidenceAgrees({ ...before, alsoListed }, traces),
    mayBeOfRotation: siblings.rotations.mayHaveRun(),
    sinceSeenMs,
    sinceDoneMs: sinceDoneMs(candidates(search), metadata.uid, context),
  };
}

function sinceDoneMs(found: readonly Operation[], uid: string, { memory }: Context): number {
  const done = found.find(isDone);
  return done === undefined ? 0 : memory.sinceSeenMs(uid, `done ${done.name}`);
}

function conclude(
  reset: SslReset,
  request: Request,
  resolution: Resolution,
  { clock, settings, logger }: Context,
): StepResult {
  const now = clock.now();
  logger.info('Outcome of a recorded call examined', { resolution: resolution.kind, attempt: request.attempt });
  switch (resolution.kind) {
    case 'Wait':
      return {
        changes: { request: { ...request, inDoubt: true } },
        verdict: progressing('ResolvingOutcome', `The outcome of the call is not known. ${resolution.message}`),
        next: after(pollDelayMs(request.time, now, settings)),
      };
    case 'Adopt':
      return {
        // It stays in doubt: it was found, not answered, and may as well be the call of another object.
        changes: {
          operation: resolution.operation,
          request: { ...request, inDoubt: true, outcome: 'Accepted', doneTime: toTime(now) },
        },
        verdict: progressing('Publishing', `Operation ${resolution.operation.name} is the reset; it is done`),
        events: [
          normal(
            'ResetAccepted',
            'ResolveOutcome',
            `No answer named the operation; ${resolution.operation.name} is the reset`,
          ),
        ],
      };
    case 'NotSent':
      return {
        changes: { request: { ...request, inDoubt: true, outcome: 'NotSent' } },
        verdict: progressing('Preflight', 'The recorded call was not executed; a new attempt begins'),
      };
    case 'Unknown':
      return {
        changes: { request: { ...request, inDoubt: true, outcome: 'Unknown' } },
        verdict: stalled('OutcomeUnknown', unknownMessage(reset, resolution.message)),
      };
  }
}
