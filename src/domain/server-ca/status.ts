/** From what a step found out to the next status. The only place that writes conditions. */
import { type ConditionValue, isTrue, setConditions, summaryValues, type Verdict, verdictOf } from '../conditions.ts';
import type { DistributionSpec } from '../trust/distribution.ts';
import { ALREADY_CARRIED, rolledValue } from '../trust/rolled-condition.ts';
import { awaitsWindow } from './held-back.ts';
import { rotatedValues, withRotation } from './rotation/rotated-condition.ts';
import { withExecuted } from './rotation/rotation.ts';
import { activeCa, type CloudSqlServerCa, distributionOf, type Status } from './server-ca-object.ts';

/** The fields of the status that change, each as a whole. */
export type StatusChanges = Pick<
  Status,
  | 'serverCas'
  | 'readTime'
  | 'publishedTo'
  | 'restartGeneration'
  | 'retry'
  | 'rotation'
  | 'executedRequestIds'
  | 'rotationOperations'
  | 'addTimes'
  | 'rotationCalls'
  | 'history'
> & {
  readonly rollout?: Status['rollout'] | undefined;
  /** Kept for as long as a window is waited for. */
  readonly nextWindowTime?: string | undefined;
  readonly plan?: Status['plan'] | undefined;
  /** Undefined where it is known that the instance has none. */
  readonly certificates?: Status['certificates'] | undefined;
  readonly serverCertificateRotationMode?: Status['serverCertificateRotationMode'] | undefined;
  /** Whether the published object holds what was read; absent: as before. */
  readonly isPublished?: boolean;
  /** Nobody has looked yet at what the spec says now: a call of a rotation, say, has just come to its end. */
  readonly isUnobserved?: true;
};

export function withChanges(status: Status, changes: Omit<StatusChanges, 'isPublished' | 'isUnobserved'>): Status {
  const { rollout, nextWindowTime, plan, certificates, serverCertificateRotationMode, ...next } = {
    ...status,
    ...changes,
  };
  return {
    ...next,
    ...(rollout && { rollout }),
    ...(plan && { plan }),
    ...(nextWindowTime !== undefined && awaitsWindow(next) && { nextWindowTime }),
    ...(certificates && { certificates }),
    ...(serverCertificateRotationMode !== undefined && { serverCertificateRotationMode }),
  };
}

export function summarize(
  object: CloudSqlServerCa,
  { isPublished = isTrue(object.status.conditions, 'ServerCaPublished'), isUnobserved, ...changes }: StatusChanges,
  verdict: Verdict,
  now: Date,
): Status {
  const { metadata, status } = object;
  const { spec } = distributionOf(object);
  const changed = withChanges(status, { ...foundRequest(object), ...changes });
  const generation = isUnobserved ? (status.observedGeneration ?? -1) : metadata.generation;
  const wanted = [
    ...summaryValues(withRotation(verdict, { ...object, status: changed })),
    publishedValue(changed, verdict, isPublished),
    ...(spec.rollout.disabled ? [] : [workloadsRolled(spec, changed, verdict, isPublished)]),
    ...rotatedValues({ ...object, status: changed }),
  ];
  return {
    ...changed,
    observedGeneration: generation,
    conditions: setConditions(status.conditions ?? [], wanted, { generation, now }),
  };
}

/** A request that the object has before it has any status is recorded, and rotates nothing: it was created with it, or restored. */
function foundRequest({ spec, status }: CloudSqlServerCa): Pick<StatusChanges, 'executedRequestIds'> {
  const { requestId } = spec.rotation;
  if (status.conditions !== undefined || requestId === undefined) return {};
  return { executedRequestIds: withExecuted(status, requestId) };
}

function publishedValue(status: Status, verdict: Verdict, isPublished: boolean): ConditionValue {
  const type = 'ServerCaPublished';
  const count = (status.serverCas ?? []).filter(({ published }) => published).length;
  const active = activeCa(status)?.sha1Fingerprint ?? '';
  if (!isPublished) return { type, status: 'False', ...verdictOf(verdict) };
  const others = count > 1 ? ` and ${count - 1} more` : '';
  const message = `${status.publishedTo ?? 'The object'} holds the server CA ${active}${others}`;
  return { type, status: 'True', reason: 'Published', message };
}

function workloadsRolled(
  spec: DistributionSpec,
  { rollout }: Status,
  verdict: Verdict,
  isPublished: boolean,
): ConditionValue {
  if (rollout !== undefined && isPublished) return rolledValue(spec, rollout, verdict, ALREADY_CARRIED);
  const message = 'The server CAs have not been read and published yet; see Ready';
  return { type: 'WorkloadsRolled', status: 'False', reason: 'Pending', message };
}
