/** What is said of a call that waits for a person to approve its plan. */
import { type ApprovalFacts, unapprovedMessage } from '../approval.ts';
import { type Verdict, waiting } from '../conditions.ts';
import { describePlan } from './plan.ts';
import type { Plan, SslReset } from './ssl-reset.ts';

/** Undefined: nobody has to approve the plan, or somebody has. */
export function approvalObstacle(reset: SslReset, plan: Plan, facts: ApprovalFacts): Verdict | undefined {
  const unapproved = { id: plan.id, description: describePlan(reset, plan), resource: 'sslreset' };
  const message = unapprovedMessage(reset.metadata, unapproved, facts);
  return message === undefined ? undefined : waiting('AwaitingApproval', message);
}
