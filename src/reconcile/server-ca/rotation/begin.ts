import { type Instance, instanceKey } from '../../../domain/instance.ts';
import { judgeInstance } from '../../../domain/reset/preflight.ts';
import type { Move } from '../../../domain/server-ca/rotation/move.ts';
import { planId } from '../../../domain/server-ca/rotation/plan.ts';
import { type Beginning, begun } from '../../../domain/server-ca/rotation/rotation.ts';
import { versionWord } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { normal } from '../../pass.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { type Admission, admission } from './admission.ts';
import { heldUp, planOf } from './held-up.ts';
import { moved, obstacle, stalledAt } from './moved.ts';

/** Begins a rotation of an instance that can be rotated. Nothing is called yet. */
export async function begin(
  object: CloudSqlServerCa,
  { beginning }: Extract<Move, { readonly kind: 'Begin' }>,
  context: ServerCaContext,
): Promise<StepResult> {
  const planned = { id: planId(object, beginning), beginning };
  const admitted = await admission(object, planned.id, context);
  if (admitted.kind === 'Refused' || admitted.kind === 'Stalled') return heldUp(object, planned, admitted, context);
  const isHeld = admitted.kind !== 'Admitted' && !mayBegin(admitted, beginning);
  // What the instance is was found out with the plan: who waits for a person does not wait for Cloud SQL.
  if (isHeld && object.status.plan?.id === planned.id) return heldUp(object, planned, admitted, context);
  const instance = await context.cloudSql.lowPriority.instance(object.spec);
  const { unfit } = context.looks.owners.note(object.metadata.uid, instance);
  if (unfit !== undefined) return stalledAt(object, unfit, context);
  const unread = keptOtherwise(object, instance, context);
  if (unread !== undefined) return obstacle(object, unread, context);
  if (isHeld) return heldUp(object, planned, admitted, context);
  const notReady = judgeInstance(instance);
  if (notReady !== undefined) return obstacle(object, notReady.message, context);
  const plan = await planOf(object, planned, context);
  const rotation = begun(object.status.rotation, beginning, context.clock.now());
  const { cause, previous, next } = beginning;
  const word = versionWord(object.status);
  const to = next === undefined ? `a ${word} is to be added` : `the next one is ${next}`;
  const event = normal('RotationBegun', 'Rotate', `Rotation (${cause}) of the ${word} ${previous} has begun: ${to}`);
  return moved(object, { rotation, plan }, context, { events: [event] });
}

/** A CA that waits already is published and rolled for as any other: only the switch is a call, and has its window. */
const mayBegin = ({ kind }: Admission, { next }: Beginning): boolean => kind === 'Outside' && next !== undefined;

/** Another one keeps the CA of the instance than the last look knew, so that another thing is rotated: that it is looked at first. */
export function keptOtherwise(
  { metadata, spec, status }: CloudSqlServerCa,
  instance: Instance,
  { looks }: ServerCaContext,
): string | undefined {
  const { owner } = looks.owners.note(metadata.uid, instance);
  if ((owner === 'Service') === (status.certificates !== undefined)) return undefined;
  looks.lookNow(metadata.uid, instanceKey(spec));
  return owner === 'Service'
    ? `The instance has serverCaMode ${instance.serverCaMode}, and its server certificates are not read yet`
    : 'The instance has a CA of its own, and its server CAs are not read yet';
}
