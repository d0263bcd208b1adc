/** What the status knows of the instance is old: nothing is called before the next look. */

import { progressing } from '../../../domain/conditions.ts';
import { instanceKey } from '../../../domain/instance.ts';
import { activeVersion, type ListedVersion, versionsOf } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { followVerdict, moved } from './moved.ts';

/** The instance lists what the status has, and serves by the same one. */
export function sameAsSeen({ status }: CloudSqlServerCa, listed: readonly ListedVersion[]): boolean {
  const known = versionsOf(status).filter(({ role }) => role !== 'Unlisted');
  const isKnown = ({ sha1Fingerprint }: ListedVersion): boolean =>
    known.some((one) => one.sha1Fingerprint === sha1Fingerprint);
  const fingerprints = new Set(listed.map(({ sha1Fingerprint }) => sha1Fingerprint));
  return (
    activeVersion(status)?.sha1Fingerprint === listed[0]?.sha1Fingerprint &&
    fingerprints.size === known.length &&
    listed.every(isKnown)
  );
}

export function lookAnew({ metadata, spec }: CloudSqlServerCa, { looks, settings }: ServerCaContext): StepResult {
  looks.lookNow(metadata.uid, instanceKey(spec));
  return { afterMs: settings.pollMinMs };
}

/** An earlier attempt may have run: its record is open again, and what became of it is found out. */
export function reopened(object: CloudSqlServerCa, context: ServerCaContext): StepResult {
  const { record, ...rotation } = object.status.rotation ?? {};
  if (record === undefined) return { afterMs: context.settings.pollMinMs };
  const { outcome: _outcome, ...open } = record;
  return moved(object, { rotation: { ...rotation, record: open } }, context);
}

/** Dependents are not right any more: they are rolled, and waited for, before anything is called. */
export const rollFirst = (object: CloudSqlServerCa, context: ServerCaContext): StepResult => ({
  ...moved(object, {}, context),
  verdict:
    followVerdict(object, context.clock.now()).kind === 'Ready'
      ? progressing('RollingOut', 'A dependent does not have the next server CA, or is not healthy: it is waited for')
      : followVerdict(object, context.clock.now()),
});
