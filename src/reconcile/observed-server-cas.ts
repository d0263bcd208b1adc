import { endedRotation, type RotationEnd } from '../domain/server-ca/rotation/ended-rotations.ts';
import type { CloudSqlServerCa } from '../domain/server-ca/server-ca-object.ts';
import { endedWorkloads, type WorkloadEnd } from '../domain/trust/ended-workloads.ts';
import type { CloudSqlServerCas } from './ports.ts';

/** A status that the API server has taken, and what came to an end with it. */
export interface ServerCaWrite {
  readonly before: CloudSqlServerCa;
  readonly after: CloudSqlServerCa;
  readonly transitions: readonly WorkloadEnd[];
  readonly rotations: readonly RotationEnd[];
}

/** Reports each status that the API server has taken, so that no step need report what came to an end. */
export const observedServerCas = (
  objects: CloudSqlServerCas,
  onWrite: (write: ServerCaWrite) => void,
): CloudSqlServerCas => ({
  get: (ref) => objects.get(ref),
  async updateStatus(before, status) {
    const written = await objects.updateStatus(before, status);
    const transitions = endedWorkloads(before.status.rollout, status.rollout);
    const rotations = endedRotation(before.status, status);
    onWrite({ before, after: { ...written, status }, transitions, rotations });
    return written;
  },
});
