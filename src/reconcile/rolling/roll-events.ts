import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { RELOADS } from '../../domain/trust/reload.ts';
import { hasAllListed, isFailure } from '../../domain/trust/rollout-status.ts';
import type { StepEvent } from '../pass.ts';

interface Pass {
  readonly found: readonly Dependent[];
  /** RFC 3339; rows that begin in this pass have it as `startTime`. */
  readonly now: string;
}

/** One event for each workload that came to an end since it was judged last. What is not remembered is not repeated. */
export function rollEvents(
  before: RolloutStatus = {},
  rows: readonly WorkloadStatus[],
  { found, now }: Pass,
): readonly StepEvent[] {
  const isListed = hasAllListed(before);
  return rows.flatMap((row) => {
    const last = before.workloads?.find((one) => isSame(one, row));
    const isNews = last === undefined ? isListed || row.startTime === now : last.state !== row.state;
    const told = isNews ? tellOf(row) : undefined;
    if (told === undefined) return [];
    const workload = found.find((one) => isSame(one, row))?.workload;
    return [{ ...told, action: 'Roll', ...(workload !== undefined && { workload }) }];
  });
}

const rolledNote = (workload: string, message: string): string =>
  message.startsWith(RELOADS)
    ? `${workload} is healthy. ${message}`
    : `${workload} carries the new server CAs and is healthy`;

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
    ? { type: 'Normal', reason: 'WorkloadRolled', note: rolledNote(workload, message) }
    : undefined;
}
