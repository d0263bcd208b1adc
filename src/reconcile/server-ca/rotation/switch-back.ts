import { instanceKey } from '../../../domain/instance.ts';
import { ended, withRejected } from '../../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { permitted } from './admission.ts';
import { callOnRecord } from './call-on-record.ts';
import { atGate, moved } from './moved.ts';
import { notClear, preflight } from './preflight.ts';
import { versionCalls } from './versions.ts';

/** Has the instance serve by the CA of before again. No window, limit, suspend or deadline holds that up. */
export async function switchBack(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { rotation = {} } = object.status;
  const { next, previous } = rotation;
  if (next === undefined || previous === undefined) return { afterMs: context.settings.pollMaxMs };
  const checked = await preflight(object, 'SwitchBack', context);
  if (checked.kind !== 'Clear') return notClear(object, checked, context);
  const listed = checked.listed.map(({ sha1Fingerprint }) => sha1Fingerprint);
  // Somebody else was there: there is nothing to take back any more.
  if (listed[0] !== next || !listed.includes(previous)) {
    return moved(object, ended(object, 'Superseded', context.clock.now()), context);
  }
  const send = await versionCalls(object, context).prepareSwitch(previous);
  const denied = await permitted(object, context);
  if (denied !== undefined) return atGate(object, denied, context);
  // The next look has the published object remember the rejection while the operation runs: a status may be lost.
  context.looks.lookNow(object.metadata.uid, instanceKey(object.spec));
  const call = { ...checked, kind: 'SwitchBack', next: previous, send } as const;
  return callOnRecord(object, { ...call, with: { rejected: withRejected(rotation, next) } }, context);
}
