/** Whether the dependents have come through a switch: each is compared with itself right before it. */
import { health } from '../../trust/health.ts';
import type { Workload } from '../../trust/workload.ts';
import type { Rotation } from './rotation.ts';

export type VerifiedDependent = NonNullable<Rotation['dependents']>[number];

/** As they are remembered right before the switch, of no more than a status lists: only the healthy ones count afterwards. */
export const toVerify = (workloads: readonly Workload[]): readonly VerifiedDependent[] =>
  workloads
    .filter((workload) => workload.isBeingDeleted !== true && health(workload).kind === 'Healthy')
    .map(({ kind, name, generation, desiredReplicas }) => ({ kind, name, generation, replicas: desiredReplicas }));

/**
 * Those that were healthy right before the switch, and are not any more, while neither their template nor their number of
 * pods was changed since: what a person or an autoscaler changes says nothing of the CA.
 */
export const failedSince = (
  before: readonly VerifiedDependent[],
  workloads: readonly Workload[],
): readonly Workload[] =>
  workloads.filter((workload) => {
    const was = before.find(({ kind, name }) => kind === workload.kind && name === workload.name);
    const isSame = was?.generation === workload.generation && was.replicas === workload.desiredReplicas;
    return isSame && workload.isBeingDeleted !== true && health(workload).kind !== 'Healthy';
  });
