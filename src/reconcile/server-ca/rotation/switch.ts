import { toVerify } from '../../../domain/server-ca/rotation/verification.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { admission, stillAdmitted } from './admission.ts';
import { callOnRecord } from './call-on-record.ts';
import { rightDependents } from './dependents.ts';
import { factsOf } from './facts.ts';
import { approvedBy, heldUp, plannedCall } from './held-up.ts';
import { lookAnew, rollFirst, sameAsSeen } from './look-anew.ts';
import { whenGateOpens } from './moved.ts';
import { notClear, preflight } from './preflight.ts';
import { versionCalls } from './versions.ts';

/**
 * Has the instance serve by the next CA, once all is seen anew: that it is listed and is what was distributed, that every
 * dependent trusts it and is healthy, and that every other object of the instance has it.
 */
export async function switchCa(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { next } = object.status.rotation ?? {};
  if (next === undefined) return { afterMs: context.settings.pollMaxMs };
  const planned = plannedCall(object);
  const before = await admission(object, planned.id, context);
  if (before.kind !== 'Admitted') return heldUp(object, planned, before, context);
  const opened = whenGateOpens(object, context);
  if (opened !== undefined) return opened;
  const checked = await preflight(object, 'Switch', context);
  if (checked.kind !== 'Clear') return notClear(object, checked, context);
  if (!sameAsSeen(object, checked.listed)) return lookAnew(object, context);
  const send = await versionCalls(object, context).prepareSwitch(next);
  const dependents = await rightDependents(object, context);
  if (dependents.kind === 'NotRight') return rollFirst(object, context);
  const admitted = await admission(object, planned.id, context);
  if (admitted.kind !== 'Admitted') return heldUp(object, planned, admitted, context);
  const { siblings } = factsOf(object, context);
  // The next pass says what it waits for.
  if (siblings.goesFirst !== undefined || siblings.waitingFor(next).length > 0)
    return { afterMs: context.settings.pollMinMs };
  const call = { ...checked, kind: 'Switch', next, send, isAllowed: stillAdmitted(planned.id, context) } as const;
  return callOnRecord(
    object,
    { ...call, with: { ...approvedBy(planned, admitted), dependents: toVerify(dependents.workloads) } },
    context,
  );
}
