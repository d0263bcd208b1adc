import type { RolloutStatus, WorkloadStatus } from './distribution.ts';
import { hasAllListed, isFailure } from './rollout-status.ts';

export const ROLL_OUTCOMES = ['Rolled', 'Failed'] as const;
export type RollOutcome = (typeof ROLL_OUTCOMES)[number];

/** The roll of a workload has come to its end. */
export interface WorkloadEnd {
  readonly kind: 'WorkloadEnded';
  readonly workload: WorkloadStatus;
  readonly outcome: RollOutcome;
}

/** The workloads whose roll came to an end between one status and the next. */
export function endedWorkloads(
  before: RolloutStatus | undefined,
  after: RolloutStatus | undefined,
): readonly WorkloadEnd[] {
  if (after === undefined) return [];
  const last: RolloutStatus = before?.revision === after.revision ? (before ?? {}) : {};
  const isListed = hasAllListed(last);
  return (after.workloads ?? []).flatMap((row): WorkloadEnd[] => {
    const previous = last.workloads?.find(({ kind, name }) => kind === row.kind && name === row.name);
    const outcome = rollOutcome(row);
    const isNews = previous === undefined ? isListed || isBegunFailure(row) : rollOutcome(previous) !== outcome;
    return outcome === undefined || !isNews ? [] : [{ kind: 'WorkloadEnded', workload: row, outcome }];
  });
}

/** It was begun and refused at once: it was not listed before, and always is from then on. */
const isBegunFailure = ({ state, startTime }: WorkloadStatus): boolean => state === 'Failed' && startTime !== undefined;

/** One that carried the certificates already was not rolled. */
function rollOutcome(row: WorkloadStatus): RollOutcome | undefined {
  if (isFailure(row)) return 'Failed';
  return row.state === 'Rolled' && row.startTime !== undefined ? 'Rolled' : undefined;
}
