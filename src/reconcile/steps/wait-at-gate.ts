/** A call that is held back: its plan is made, and kept as fresh as the looks at server CAs, without a slot. */
import { progressing, type Verdict } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import { atClosedGate } from '../../domain/reset/deadline.ts';
import { isAtGate, mayHaveRun } from '../../domain/reset/request.ts';
import type { Plan, Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { toTime } from '../../lib/time.ts';
import { keptPlan } from '../kept-plan.ts';
import { after, type Conclusion, type Context, type StepResult } from '../pass.ts';
import { resolveFirst } from './earlier-call.ts';
import { closedGate, type Gates } from './gates.ts';
import { type Preflight, preflight } from './preflight.ts';

/**
 * It asks Cloud SQL and the cluster what preflight asks before the call. Undefined: nothing is to be called, so nobody has
 * to approve it.
 */
export async function waitAtGate(
  reset: SslReset,
  request: Request,
  gates: Gates,
  context: Context,
): Promise<StepResult | undefined> {
  const known = knownPlan(reset, request, context);
  if (known !== undefined) return atGate(reset, known, gates, context);
  const checked = await lookAhead(reset, request, gates, context);
  switch (checked.kind) {
    case 'Held':
      return checked.conclusion;
    case 'Resolve':
      return resolveFirst(reset, request, context);
    case 'Obstacle':
      return heldAllTheSame(reset, gates, checked.verdict, context) ?? { verdict: checked.verdict };
    case 'AlreadyDone':
      return nothingToCall(reset, gates, context);
    case 'Clear':
      return atGate(reset, keptPlan(reset.status.plan, checked.plan), gates, context);
  }
}

/** Said at a gate, with the plan that it is closed to. Where it is not any more, the request goes on. */
export function atGate(reset: SslReset, plan: Plan | undefined, gates: Gates, context: Context): Conclusion {
  const closed = closedGate(reset, gates, plan, context);
  return closed === undefined ? gateOpened(reset, plan, context) : atClosed(reset, plan, closed, context);
}

function atClosed(reset: SslReset, plan: Plan | undefined, closed: Conclusion, { clock }: Context): Conclusion {
  const { request } = reset.status;
  const stops = request !== undefined && !isAtGate(reset.status);
  return {
    ...closed,
    changes: { ...closed.changes, plan, ...(stops && { request: atClosedGate(reset, request, clock.now()) }) },
  };
}

/** The deadline runs from here. */
export const gateOpened = (reset: SslReset, plan: Plan | undefined, { clock }: Context): Conclusion => {
  const { request } = reset.status;
  return {
    changes: { plan, ...(request && { request: { ...request, gateOpenedTime: toTime(clock.now()) } }) },
    verdict: progressing('Preflight', 'Nothing holds the call back any more'),
  };
};

/** The plan of the status while it is not due again. A call that may have run is looked for each time. */
function knownPlan(reset: SslReset, request: Request, { memory, settings }: Context): Plan | undefined {
  const { metadata, spec, status } = reset;
  const what = JSON.stringify([metadata.generation, metadata.annotations, spec.requestId, request.attempt]);
  const isDue = memory.isDue(metadata.uid, what, settings.serverCaResyncMs);
  return isDue || mayHaveRun(request) || !isAtGate(status) ? undefined : status.plan;
}

type Looked = Preflight | { readonly kind: 'Held'; readonly conclusion: Conclusion };

/** Cloud SQL may not answer for a while, and nobody waits for it. */
async function lookAhead(reset: SslReset, request: Request, gates: Gates, context: Context): Promise<Looked> {
  try {
    return await preflight(reset, request, context);
  } catch (error) {
    if (!(error instanceof CloudSqlError)) throw error;
    const held = heldAllTheSame(reset, gates, undefined, context);
    if (held === undefined) throw error;
    return { kind: 'Held', conclusion: held };
  }
}

/**
 * What is in the way may be gone when the call may be made: its deadline does not run before. Undefined: there is no plan
 * yet, and that is why; or it ends the request.
 */
function heldAllTheSame(
  reset: SslReset,
  gates: Gates,
  verdict: Verdict | undefined,
  context: Context,
): Conclusion | undefined {
  const { plan } = reset.status;
  const isPlanned = plan !== undefined && isAtGate(reset.status);
  if (verdict?.kind === 'Stalled' || (!isPlanned && gates.window.kind === 'Open')) return undefined;
  const closed = closedGate(reset, gates, plan, context);
  return closed && atClosed(reset, plan, closed, context);
}

/** What is asked for has happened already: then it is said where only a plan is wanted, and else goes on in its window. */
function nothingToCall(reset: SslReset, gates: Gates, context: Context): Conclusion | undefined {
  if (!gates.isPlanOnly) return gates.window.kind === 'Open' ? undefined : atGate(reset, undefined, gates, context);
  const closed: Conclusion = {
    verdict: {
      kind: 'Ready',
      reason: 'Planned',
      message:
        'What is asked for has happened already, so nothing would be called: the CAs would be published, and workloads rolled',
    },
    next: after(context.settings.serverCaResyncMs),
  };
  return atClosed(reset, undefined, closed, context);
}
