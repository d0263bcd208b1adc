import type { Before } from '../../domain/call/operation.ts';
import { progressing, type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import type { ReadyReason } from '../../domain/reasons.ts';
import { admissionObstacle } from '../../domain/reset/admission.ts';
import { KIND, type Request, type SslReset } from '../../domain/reset/ssl-reset.ts';
import { keyOf } from '../../lib/key.ts';
import { toTime } from '../../lib/time.ts';
import type { Slot } from '../cloud-sql-port.ts';
import { AWAIT_CHANGE, type Context, NOW, type StepResult } from '../pass.ts';
import { announce } from './announce.ts';
import { awaitSlot } from './await-slot.ts';
import { callReset } from './call-reset.ts';
import { rivalObstacle } from './dry-runs.ts';
import { hasRunAfterAll, resolveFirst } from './earlier-call.ts';
import { whyNotReady } from './not-ready.ts';
import { isPermitted } from './permitted.ts';
import { type Preflight, preflight } from './preflight.ts';

/** Admission, slot, preflight, and then the call. */
export async function requestReset(reset: SslReset, context: Context): Promise<StepResult> {
  const { request } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const refused = await admission(reset, context);
  if (refused !== undefined) {
    context.index.dismiss(reset);
    if (await hasRunAfterAll(reset, request, context)) return resolveFirst(reset, request, context);
    return { verdict: refused };
  }
  if (!context.index.isExclusive(reset)) {
    context.index.admit(reset);
    return { next: NOW };
  }
  const slot = context.callQueue.take(keyOf(KIND, reset.metadata), reset.spec.project);
  if (slot === undefined) return awaitSlot(reset, context);
  try {
    return await withSlot(reset, request, slot, context);
  } finally {
    slot.giveBack();
  }
}

/** What is found out before the call is not older than its slot. */
async function withSlot(reset: SslReset, request: Request, slot: Slot, context: Context): Promise<StepResult> {
  const checked = await preflightOf(reset, request, context);
  switch (checked.kind) {
    case 'Obstacle':
      return { verdict: checked.verdict };
    case 'Resolve':
      return resolveFirst(reset, request, context);
    case 'AlreadyDone':
      return alreadyDone({ ...request, doneTime: toTime(context.clock.now()) }, checked.reason);
    case 'Clear':
      await announce(reset, context);
      return call(reset, request, { ...checked, slot }, context);
  }
}

/** An instance that stops meanwhile refuses to be read, and is waited for like one that was stopped before. */
async function preflightOf(reset: SslReset, request: Request, context: Context): Promise<Preflight> {
  try {
    return await preflight(reset, request, context);
  } catch (error) {
    const isRefused = error instanceof CloudSqlError && error.kind === 'Invalid';
    const verdict = isRefused ? await whyNotReady(reset, context) : undefined;
    if (verdict === undefined) throw error;
    return { kind: 'Obstacle', verdict };
  }
}

async function admission(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const { requirePreconditions } = context.settings;
  return admissionObstacle(reset, {
    permission: await isPermitted(reset, context),
    requirePreconditions,
    now: context.clock.now(),
  });
}

const alreadyDone = (request: Request, reason: ReadyReason): StepResult => ({
  changes: { request: { ...request, outcome: 'AlreadyDone' } },
  verdict: progressing(
    'Publishing',
    reason === 'AlreadyPresent'
      ? 'The instance already has a server certificate: nothing is called'
      : 'The server CA is no longer the one of the precondition: nothing is called',
  ),
});

/** Its slot and a token first, so that nothing slow is left when permission is asked for as it is now. */
async function call(
  reset: SslReset,
  request: Request,
  { before, user, slot }: { readonly before: Before; readonly user: string | undefined; readonly slot: Slot },
  context: Context,
): Promise<StepResult> {
  const send = await context.cloudSql.prepareReset(reset.spec, reset.spec.mode, slot);
  const refused = (await admission(reset, context)) ?? rivalObstacle(reset, context) ?? hourlyLimit(context);
  return refused === undefined ? callReset(reset, request, { before, user, send }, context) : { verdict: refused };
}

function hourlyLimit({ index, clock, settings: { maxResetsPerHour } }: Context): Verdict | undefined {
  if (maxResetsPerHour === 0 || index.calls.count(clock.now()) < maxResetsPerHour) return undefined;
  return waiting(
    'Throttled',
    `${maxResetsPerHour} resets were called in the last hour, as many as --max-resets-per-hour allows`,
  );
}
