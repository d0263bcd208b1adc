import { demandsApproval } from '../../domain/approval.ts';
import type { Before } from '../../domain/call/operation.ts';
import { progressing, type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError } from '../../domain/errors.ts';
import type { ReadyReason } from '../../domain/reasons.ts';
import { admissionObstacle } from '../../domain/reset/admission.ts';
import { isAtGate } from '../../domain/reset/request.ts';
import { isSuspended, KIND, type Plan, type Request, type SslReset } from '../../domain/reset/ssl-reset.ts';
import { keyOf } from '../../lib/key.ts';
import { toTime } from '../../lib/time.ts';
import type { Slot } from '../cloud-sql-port.ts';
import { keptPlan } from '../kept-plan.ts';
import { AWAIT_CHANGE, type Conclusion, type Context, NOW, type StepResult } from '../pass.ts';
import { announce } from './announce.ts';
import { awaitSlot } from './await-slot.ts';
import { callReset } from './call-reset.ts';
import { rivalObstacle } from './dry-runs.ts';
import { hasRunAfterAll, resolveFirst } from './earlier-call.ts';
import { closedGate, type Gates, isHeld } from './gates.ts';
import { askPermission } from './permitted.ts';
import { preflight } from './preflight.ts';
import { siblingInDoubt } from './sibling-in-doubt.ts';
import { atGate, gateOpened, waitAtGate } from './wait-at-gate.ts';
import { checkWindows } from './windows.ts';

/** Admission, slot, preflight, and then the call. */
export async function requestReset(reset: SslReset, context: Context): Promise<StepResult> {
  const { request } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const admitted = await admission(reset, context);
  if (admitted.kind === 'Refused') {
    context.index.dismiss(reset);
    if (await hasRunAfterAll(reset, request, context)) return resolveFirst(reset, request, context);
    return admitted.conclusion;
  }
  const held = isHeld(reset, admitted.gates) ? await waitAtGate(reset, request, admitted.gates, context) : undefined;
  if (held !== undefined) {
    // It holds up no other object of the instance.
    context.index.dismiss(reset);
    return held;
  }
  if (isAtGate(reset.status)) return gateOpened(reset, reset.status.plan, context);
  if (!context.index.isExclusive(reset)) {
    context.index.admit(reset);
    return { next: NOW };
  }
  const slot = context.callQueue.take(keyOf(KIND, reset.metadata), reset.spec.project);
  if (slot === undefined) return awaitSlot(reset, context);
  try {
    return await withSlot(reset, request, { slot, gates: admitted.gates }, context);
  } finally {
    slot.giveBack();
  }
}

/** What is found out before the call is not older than its slot. */
async function withSlot(
  reset: SslReset,
  request: Request,
  { slot, gates }: { readonly slot: Slot; readonly gates: Gates },
  context: Context,
): Promise<StepResult> {
  const checked = await preflight(reset, request, context);
  switch (checked.kind) {
    case 'Obstacle':
      return { verdict: checked.verdict };
    case 'Resolve':
      return resolveFirst(reset, request, context);
    case 'AlreadyDone':
      return alreadyDone({ ...request, doneTime: toTime(context.clock.now()) }, checked.reason);
    case 'Clear': {
      const plan = keptPlan(reset.status.plan, checked.plan);
      if (closedGate(reset, gates, plan, context) !== undefined) return atGate(reset, plan, gates, context);
      await announce(reset, context);
      return call(reset, request, { ...checked, plan, slot }, context);
    }
  }
}

type Admission =
  | { readonly kind: 'Refused'; readonly conclusion: Conclusion }
  | { readonly kind: 'Admitted'; readonly gates: Gates };

async function admission(reset: SslReset, context: Context): Promise<Admission> {
  const { requirePreconditions, approval, approvalGuarded: isGuarded } = context.settings;
  const { view, permission } = await askPermission(reset, context);
  const obstacle = admissionObstacle(reset, { permission, requirePreconditions, now: context.clock.now() });
  if (obstacle !== undefined) return { kind: 'Refused', conclusion: { verdict: obstacle } };
  const window = await checkWindows(reset, view, context);
  // Windows that never open, or too late, end the request at once.
  if (window.kind === 'Closed' && window.conclusion.verdict.kind === 'Stalled') {
    return { kind: 'Refused', conclusion: window.conclusion };
  }
  const { metadata, spec } = reset;
  const demandedBy = demandsApproval({ asked: spec.approval, namespace: metadata.namespace, view, flag: approval });
  return { kind: 'Admitted', gates: { isPlanOnly: spec.planOnly, approval: { demandedBy, isGuarded }, window } };
}

const alreadyDone = (request: Request, reason: ReadyReason): StepResult => ({
  changes: { request: { ...request, outcome: 'AlreadyDone' }, plan: undefined },
  verdict: progressing(
    'Publishing',
    reason === 'AlreadyPresent'
      ? 'The instance already has a server certificate: nothing is called'
      : 'The server CA is no longer the one of the precondition: nothing is called',
  ),
});

interface Prepared {
  readonly before: Before;
  readonly user: string | undefined;
  readonly plan: Plan;
  readonly slot: Slot;
}

/** Its slot and a token first, so that nothing slow is left when permission is asked for as it is now. */
async function call(
  reset: SslReset,
  request: Request,
  { slot, ...prepared }: Prepared,
  context: Context,
): Promise<StepResult> {
  const { plan } = prepared;
  const send = await context.cloudSql.prepareReset(reset.spec, reset.spec.mode, slot);
  const admitted = await admission(reset, context);
  if (admitted.kind === 'Refused') return admitted.conclusion;
  if (closedGate(reset, admitted.gates, plan, context) !== undefined) {
    return atGate(reset, plan, admitted.gates, context);
  }
  const refused = rivalObstacle(reset, context) ?? hourlyLimit(context);
  if (refused !== undefined) return { verdict: refused };
  const isAllowed = (recorded: SslReset) => isStillAllowed(recorded, plan, context);
  const isDemanded = admitted.gates.approval.demandedBy !== undefined;
  const approvedManager = isDemanded ? reset.metadata.approvalManager : undefined;
  return callReset(reset, request, { ...prepared, approvedManager, send, isAllowed }, context);
}

/**
 * All that was judged before the record, as it is by now, and whether another leader has recorded a call meanwhile: of two
 * calls without an answer nobody could tell whose the operation is. What cannot be found out any more allows nothing.
 */
async function isStillAllowed(recorded: SslReset, plan: Plan, context: Context): Promise<boolean> {
  if (recorded.metadata.deletionTimestamp !== undefined || isSuspended(recorded)) return false;
  if (siblingInDoubt(context.index.siblingsOf(recorded).unresolved(), recorded, context) !== undefined) return false;
  try {
    const admitted = await admission(recorded, context);
    return admitted.kind === 'Admitted' && closedGate(recorded, admitted.gates, plan, context) === undefined;
  } catch (error) {
    if (isKubernetesError(error)) return false;
    throw error;
  }
}

function hourlyLimit({ index, clock, settings: { maxResetsPerHour } }: Context): Verdict | undefined {
  if (maxResetsPerHour === 0 || index.calls.count(clock.now()) < maxResetsPerHour) return undefined;
  return waiting(
    'Throttled',
    `${maxResetsPerHour} resets were called in the last hour, as many as --max-resets-per-hour allows`,
  );
}
