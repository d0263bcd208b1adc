/** A CloudSqlServerCa as the rest of the code wants it: deeply readonly, from the CRD. */
import { oneLine } from '../../lib/one-line.ts';
import { findCondition, isTrue } from '../conditions.ts';
import { type DeepReadonly, type Metadata, retryValue } from '../object.ts';
import { isStalledReason } from '../reason-rules.ts';
import type { ProgressReason, StalledReason } from '../reasons.ts';
import type { CloudSqlServerCaSpec, CloudSqlServerCaStatus } from '../server-ca.generated.ts';
import type { Distribution, RolloutSpec } from '../trust/distribution.ts';

export const KIND = 'CloudSqlServerCa';
export const PLURAL = 'cloudsqlservercas';

export type Spec = DeepReadonly<CloudSqlServerCaSpec>;
export type Status = DeepReadonly<CloudSqlServerCaStatus>;
export type RecordedCa = NonNullable<Status['serverCas']>[number];

export interface CloudSqlServerCa {
  readonly kind: typeof KIND;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status: Status;
}

/**
 * What publishing and rolling need of it.
 * @param onFailure what becomes of the others once a workload has failed
 */
export function distributionOf(
  { metadata, spec, status }: CloudSqlServerCa,
  onFailure: RolloutSpec['onFailure'] = 'Stop',
): Distribution {
  const { project, instance, serverCa, rollout } = spec;
  return {
    metadata,
    managedBy: `${KIND}/${metadata.name}`,
    spec: { project, instance, serverCa, rollout: { ...rollout, onFailure } },
    status: status.rollout === undefined ? {} : { rollout: status.rollout },
  };
}

/** Its work is done for the spec as it is now. */
export const isReady = ({ metadata, status }: CloudSqlServerCa): boolean => {
  const condition = findCondition(status.conditions, 'Ready');
  return condition?.status === 'True' && condition.observedGeneration === metadata.generation;
};

export function stalledReason({ status }: CloudSqlServerCa): StalledReason | undefined {
  const condition = findCondition(status.conditions, 'Stalled');
  const reason = condition?.reason ?? '';
  return condition?.status === 'True' && isStalledReason(reason) ? reason : undefined;
}

/** The object that it publishes to holds what was read last. */
export const isPublished = ({ status }: CloudSqlServerCa): boolean => isTrue(status.conditions, 'ServerCaPublished');

/** While a call of the rotation is made, or its effect watched; what is published is right meanwhile. */
const ROTATING: ReadonlySet<string> = new Set<ProgressReason>([
  'AddingServerCa',
  'SwitchingServerCa',
  'Verifying',
  'SwitchingBack',
]);

/** What was read last is published and rolled for the spec as it is now, however a rotation stands. */
export function isSettled(object: CloudSqlServerCa): boolean {
  const { metadata, status } = object;
  if (status.observedGeneration !== metadata.generation || !isPublished(object)) return false;
  const stalled = findCondition(status.conditions, 'Stalled');
  if (stalled !== undefined) {
    const own = status.rotation?.stalled;
    return own !== undefined && stalled.reason === own.reason && stalled.message === oneLine(own.message);
  }
  return isReady(object) || ROTATING.has(findCondition(status.conditions, 'Reconciling')?.reason ?? '');
}

/** A value of the annotation `retry` that was not seen before. Removing the annotation asks for nothing. */
export const hasNewRetry = (object: CloudSqlServerCa): boolean => {
  const value = retryValue(object);
  return value !== undefined && value !== object.status.retry;
};

export const activeCa = ({ serverCas = [] }: Status): RecordedCa | undefined =>
  serverCas.find(({ role }) => role === 'Active');
