/** What holds a call back that may be made: that only its plan is wanted, a person, or a maintenance window. */
import { type ApprovalFacts, isApproved } from '../../domain/approval.ts';
import { approvalObstacle } from '../../domain/reset/approval-obstacle.ts';
import { describePlan } from '../../domain/reset/plan.ts';
import type { Plan, SslReset } from '../../domain/reset/ssl-reset.ts';
import { after, type Conclusion, type Context } from '../pass.ts';
import type { WindowCheck } from './windows.ts';

export interface Gates {
  readonly isPlanOnly: boolean;
  readonly approval: ApprovalFacts;
  readonly window: WindowCheck;
}

/** Whether it is held back, as far as shows without a plan of now. */
export const isHeld = (reset: SslReset, { isPlanOnly, approval, window }: Gates): boolean =>
  isPlanOnly ||
  (approval.demandedBy !== undefined && !isApproved(reset.metadata, reset.status.plan?.id)) ||
  window.kind === 'Closed';

/**
 * What the first closed gate says; undefined: all of them are open to a call of this plan.
 * @param plan undefined: it could not be made
 */
export function closedGate(
  reset: SslReset,
  { isPlanOnly, approval, window }: Gates,
  plan: Plan | undefined,
  context: Pick<Context, 'settings'>,
): Conclusion | undefined {
  if (isPlanOnly && plan !== undefined) return onlyPlanned(reset, plan, context);
  const unapproved = plan && approvalObstacle(reset, plan, approval);
  if (unapproved !== undefined) return { verdict: unapproved, next: after(context.settings.serverCaResyncMs) };
  return window.kind === 'Closed' ? window.conclusion : undefined;
}

const onlyPlanned = (reset: SslReset, plan: Plan, { settings }: Pick<Context, 'settings'>): Conclusion => ({
  verdict: {
    kind: 'Ready',
    reason: 'Planned',
    message: `${describePlan(reset, plan)}. Nothing is called while spec.planOnly is true`,
  },
  next: after(settings.serverCaResyncMs),
});
