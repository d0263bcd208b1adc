import { stalledBy } from '../../../domain/server-ca/rotation/rotation.ts';
import { isRotationStalledReason } from '../../../domain/server-ca/rotation/stalled.ts';
import { failedSince } from '../../../domain/server-ca/rotation/verification.ts';
import { versionWord } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { oneLine } from '../../../lib/one-line.ts';
import type { StepEvent } from '../../pass.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { readWorkloads } from './dependents.ts';
import { moved } from './moved.ts';

/** Dependents that failed after the switch have had their time to come back: where they do not, it had another cause. */
export async function judgeRollback(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { dependents = [], ...rotation } = object.status.rotation ?? {};
  const failed = failedSince(dependents, await readWorkloads(object, context));
  const { stalled } = rotation;
  if (failed.length === 0 || stalled === undefined || !isRotationStalledReason(stalled.reason)) {
    return moved(object, { rotation }, context);
  }
  const names = failed.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  const note = oneLine(
    `Still not healthy a minute after the switch back: ${names}. So the ${versionWord(object.status)} was not the cause`,
    500,
  );
  const message = oneLine(`${note}. ${stalled.message}`);
  const said = stalledBy(rotation, { reason: stalled.reason, message }, context.clock.now());
  const event: StepEvent = { type: 'Warning', reason: stalled.reason, action: 'Rotate', note };
  return moved(object, { rotation: said }, context, { events: [event] });
}
