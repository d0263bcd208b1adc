/** A rotation that may not be called yet: its plan is shown, and kept as fresh as the looks at server CAs. */
import { unapprovedMessage } from '../../../domain/approval.ts';
import {
  describePlan,
  makePlan,
  nextPlanId,
  type Plan,
  planOfCall,
  underWay,
} from '../../../domain/server-ca/rotation/plan.ts';
import type { Beginning, Rotation } from '../../../domain/server-ca/rotation/rotation.ts';
import { type CloudSqlServerCa, distributionOf } from '../../../domain/server-ca/server-ca-object.ts';
import { toTime } from '../../../lib/time.ts';
import { keptPlan } from '../../kept-plan.ts';
import { readDependents } from '../../rolling/find-dependents.ts';
import type { Conclusion, ServerCaContext } from '../context.ts';
import type { Admission } from './admission.ts';
import { atGate, stalledAt } from './moved.ts';

export interface Planned {
  readonly id: string;
  readonly beginning: Beginning;
}

/** Of the next call of a rotation that is under way. */
export const plannedCall = (object: CloudSqlServerCa): Planned => ({
  id: nextPlanId(object),
  beginning: underWay(object),
});

/** What is kept of it with the record of a call. */
export const approvedBy = (
  { id, beginning }: Planned,
  { approvedManager }: Extract<Admission, { readonly kind: 'Admitted' }>,
): Pick<Rotation, 'plan' | 'approvedManager'> => ({
  plan: planOfCall(id, beginning),
  ...(approvedManager !== undefined && { approvedManager }),
});

/** The plan as it is to be written. @throws KubernetesError only `NotLeading` */
export async function planOf(object: CloudSqlServerCa, planned: Planned, context: ServerCaContext): Promise<Plan> {
  const { index, workloads, clock } = context;
  const { dependents } = object.spec.rollout.disabled
    ? { dependents: [] }
    : await readDependents(distributionOf(object), workloads);
  const facts = { dependents, otherObjects: index.siblingsOf(object).names() };
  return keptPlan(object.status.plan, makePlan(object, planned, facts, toTime(clock.now())));
}

export async function heldUp(
  object: CloudSqlServerCa,
  planned: Planned,
  admission: Exclude<Admission, { readonly kind: 'Admitted' }>,
  context: ServerCaContext,
): Promise<Conclusion> {
  if (admission.kind === 'Stalled') return stalledAt(object, admission.stall, context);
  if (admission.kind === 'Refused') return atGate(object, admission.gate, context);
  const plan = await planOf(object, planned, context);
  const afterMs = context.settings.serverCaResyncMs;
  switch (admission.kind) {
    case 'PlanOnly': {
      const message = `${describePlan(object, plan)}. Nothing is called while spec.planOnly is true`;
      return atGate(object, { reason: 'Planned', message }, context, { plan, afterMs });
    }
    case 'Unapproved': {
      const unapproved = { id: plan.id, description: describePlan(object, plan), resource: 'sqlca' };
      const message = unapprovedMessage(object.metadata, unapproved, admission.facts) ?? '';
      return atGate(object, { reason: 'AwaitingApproval', message }, context, { plan, afterMs });
    }
    case 'Outside': {
      const { closed } = admission;
      return atGate(object, { reason: 'OutsideWindow', message: closed.verdict.message }, context, { plan, closed });
    }
  }
}
