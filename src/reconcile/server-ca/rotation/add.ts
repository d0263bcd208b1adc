import { candidate } from '../../../domain/server-ca/rotation/adoptable.ts';
import type { Gate } from '../../../domain/server-ca/rotation/gates.ts';
import { inPhase } from '../../../domain/server-ca/rotation/rotation.ts';
import { type CloudSqlServerCa, KIND } from '../../../domain/server-ca/server-ca-object.ts';
import { keyOf } from '../../../lib/key.ts';
import type { Slot } from '../../cloud-sql-port.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { admission, stillAdmitted } from './admission.ts';
import { callOnRecord } from './call-on-record.ts';
import { factsOf } from './facts.ts';
import { approvedBy, heldUp, plannedCall } from './held-up.ts';
import { lookAnew, sameAsSeen } from './look-anew.ts';
import { atGate, moved, whenGateOpens } from './moved.ts';
import { notClear, preflight } from './preflight.ts';
import { versionCalls } from './versions.ts';

const SLOT_MS = 5_000;

/** Adds a server CA, or server certificate, that waits, unless one does by now that can be taken. */
export async function add(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const adopted = adopt(object, context);
  if (adopted !== undefined) return adopted;
  const planned = plannedCall(object);
  const admitted = await admission(object, planned.id, context);
  if (admitted.kind !== 'Admitted') return heldUp(object, planned, admitted, context);
  const limited = hourlyLimit(context);
  if (limited !== undefined) return atGate(object, limited, context);
  const opened = whenGateOpens(object, context);
  if (opened !== undefined) return opened;
  const slot = context.callQueue.take(keyOf(KIND, object.metadata), object.spec.project);
  if (slot === undefined) return { afterMs: SLOT_MS };
  try {
    return await addInSlot(object, slot, context);
  } finally {
    slot.giveBack();
  }
}

function adopt(object: CloudSqlServerCa, context: ServerCaContext): StepResult | undefined {
  const { siblings, now } = factsOf(object, context);
  const found = candidate(object, siblings.rejected, now);
  if (found.kind !== 'Adopt') return undefined;
  const { rotation = {} } = object.status;
  return moved(object, { rotation: { ...inPhase(rotation, 'Distributing', now), next: found.next } }, context);
}

async function addInSlot(object: CloudSqlServerCa, slot: Slot, context: ServerCaContext): Promise<StepResult> {
  const checked = await preflight(object, 'Add', context);
  if (checked.kind !== 'Clear') return notClear(object, checked, context);
  if (!sameAsSeen(object, checked.listed)) return lookAnew(object, context);
  const send = await versionCalls(object, context).prepareAdd(slot);
  const planned = plannedCall(object);
  const admitted = await admission(object, planned.id, context);
  if (admitted.kind !== 'Admitted') return heldUp(object, planned, admitted, context);
  const { goesFirst } = factsOf(object, context).siblings;
  if (goesFirst !== undefined) return { afterMs: context.settings.pollMaxMs };
  const limited = hourlyLimit(context);
  if (limited !== undefined) return atGate(object, limited, context);
  const call = { ...checked, kind: 'Add', send, isAllowed: stillAdmitted(planned.id, context) } as const;
  return callOnRecord(object, { ...call, with: approvedBy(planned, admitted) }, context);
}

function hourlyLimit({ index, clock, settings: { maxRotationsPerHour: limit } }: ServerCaContext): Gate | undefined {
  if (limit === 0 || index.additions.count(clock.now()) < limit) return undefined;
  const message = `${limit} server CAs and certificates were added in the last hour, as many as --max-rotations-per-hour allows`;
  return { reason: 'Throttled', message };
}
