import { resumed } from '../../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { permitted } from './admission.ts';
import { atGate, moved } from './moved.ts';

/** Says that the namespace may follow the instance alone, before anything is due, and no longer than that is so. */
export async function askPermission(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const denied = await permitted(object, context);
  if (denied !== undefined) return atGate(object, denied, context);
  const { rotation } = object.status;
  if (rotation?.gate === undefined) return { afterMs: context.settings.pollMinMs };
  return moved(object, { rotation: resumed(rotation, context.clock.now()) }, context);
}
