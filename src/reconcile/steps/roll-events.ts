import { type Dependent, isSame } from '../../domain/dependents.ts';
import { isFailure } from '../../domain/rollout.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/ssl-reset.ts';
import type { StepEvent } from '../pass.ts';

/** One event for each workload that came to an end since it was judged last. */
export function rollEvents(
  before: RolloutStatus | undefined,
  rows: readonly WorkloadStatus[],
  found: readonly Dependent[],
): readonly StepEvent[] {
  return rows.flatMap((row) => {
    const last = before?.workloads?.find((one) => isSame(one, row));
    const told = last?.state === row.state ? undefined : tellOf(row);
    if (told === undefined) return [];
    const workload = found.find((one) => isSame(one, row))?.workload;
    return [{ ...told, action: 'Roll', ...(workload !== undefined && { workload }) }];
  });
}

type Told = Pick<StepEvent, 'type' | 'reason' | 'note'>;

function tellOf(row: WorkloadStatus): Told | undefined {
  const { kind, name, state, message = '', startTime } = row;
  const workload = `${kind} ${name}`;
  if (isFailure(row)) {
    return { type: 'Warning', reason: 'WorkloadFailed', note: `${workload} did not come back: ${message}` };
  }
  if (state === 'ManualActionRequired') {
    return { type: 'Warning', reason: 'ManualActionRequired', note: `${workload}: ${message}` };
  }
  return state === 'Rolled' && startTime !== undefined
    ? { type: 'Normal', reason: 'WorkloadRolled', note: `${workload} carries the new server CAs and is healthy` }
    : undefined;
}
