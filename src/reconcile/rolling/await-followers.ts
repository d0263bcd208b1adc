/**
 * Pods that take the server CA from what another object publishes would start with the old one if they were restarted
 * before that object has published: their template would be right, and nobody would restart them again.
 */
import { type Dependent, refersToAny } from '../../domain/trust/dependents.ts';
import type { DistributionSpec, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { isInScope } from '../../domain/trust/pick-up.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import { describeKey } from '../../lib/key.ts';
import { oneLine } from '../../lib/one-line.ts';
import type { IndexedObject } from '../indexed-object.ts';
import { namesOf } from '../publications.ts';

/** Answers the object that a dependent waits for; undefined: it waits for none. */
export type Awaited = (dependent: Dependent) => IndexedObject | undefined;

export interface Publishing {
  readonly spec: Pick<DistributionSpec, 'instance' | 'serverCa'>;
  /** What it publishes into, as `Secret/name`. */
  readonly own: readonly string[];
  /** Those of its namespace that follow the instance, and have not published yet what it has. */
  readonly behind: readonly IndexedObject[];
}

export function awaitedFollower({ spec, own, behind }: Publishing): Awaited {
  const isFrom = (follower: IndexedObject, workload: Workload): boolean => {
    const names = namesOf(follower).filter((name) => !own.includes(name));
    if (refersToAny(workload, names)) return true;
    // Where this object publishes no CA, it is the follower's that the workloads have, however they get it.
    const { restarts } = follower;
    return (
      spec.serverCa === undefined &&
      restarts !== undefined &&
      isInScope(restarts, { instance: spec.instance, publishes: names }, workload)
    );
  };
  return ({ workload }) => workload && behind.find((follower) => isFrom(follower, workload));
}

/** Who may roll, and the rows of those who wait for another object. */
export function readyOf(dependents: readonly Dependent[], awaited: Awaited) {
  const ready = dependents.filter((one) => awaited(one) === undefined);
  const awaiting = dependents.flatMap((one) => {
    const follower = awaited(one);
    return follower === undefined ? [] : [awaitingRow(one, follower)];
  });
  return { ready, awaiting };
}

const awaitingRow = ({ kind, name, wave }: Dependent, { key }: IndexedObject): WorkloadStatus => ({
  kind,
  name,
  wave,
  state: 'Pending',
  message: oneLine(`It rolls once ${describeKey(key)} has published the server CA, which its pods take from there`),
});
