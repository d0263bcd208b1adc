/** How far a roll has come. The deadline bounds standing still, not work that goes on. */
import type { RolloutStatus, WorkloadStatus } from './distribution.ts';
import type { Workload } from './workload.ts';

/** Of one workload, in percent: 100 once it is settled, less by its replicas while it rolls. */
export function progressOf({ state }: WorkloadStatus, workload: Workload | undefined): number {
  if (state === 'Pending') return 0;
  if (state !== 'Rolling') return 100;
  return workload === undefined ? 0 : progressOfReplicas(workload);
}

/** Until its controller has seen the change, the counts are those of the old template. */
function progressOfReplicas({ desiredReplicas, generation, status }: Workload): number {
  if (status.observedGeneration < generation || desiredReplicas < 1) return 0;
  const share = (count: number): number => Math.min(1, count / desiredReplicas);
  return Math.floor(50 * share(status.updatedReplicas) + 49 * share(status.availableReplicas));
}

type Progress = Pick<RolloutStatus, 'progress' | 'progressTime'>;

/**
 * The furthest that the roll has come, and since when: one that only falls back and recovers renews no deadline.
 *
 * @param progress the sum over all workloads, as it is now
 * @param now RFC 3339
 */
export function furthest(progress: number, before: Progress | undefined, now: string): Progress {
  const { progress: last = -1, progressTime } = before ?? {};
  return progress > last ? { progress, progressTime: now } : { progress: last, ...(progressTime && { progressTime }) };
}

/** A roll that begins, towards this revision. One that begins once more has moved when the one before it did. */
export function newRoll(revision: string, before: RolloutStatus | undefined): RolloutStatus {
  const { progress, progressTime } = before ?? {};
  const isSame = before?.revision === revision && progress !== undefined;
  return { revision, ...(isSame && { progress }), ...(progressTime !== undefined && { progressTime }) };
}
