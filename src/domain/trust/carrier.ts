/** A workload whose pod template carries what it has to: how its roll fares. */
import type { WorkloadStatus } from './distribution.ts';
import { type Health, health } from './health.ts';
import type { WorkloadState } from './rollout-status.ts';
import type { TemplateAnnotations, Workload } from './workload.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';

/** What pod templates have to carry. */
export interface Wanted {
  readonly annotations: TemplateAnnotations;
  /** Less is enough for these; absent: for none. */
  readonly caOnly?: { readonly annotations: TemplateAnnotations; readonly includes: (workload: Workload) => boolean };
}

export const wantedOf = (workload: Workload, { annotations, caOnly }: Wanted): TemplateAnnotations =>
  caOnly?.includes(workload) === true ? caOnly.annotations : annotations;

export const carries = (workload: Workload, wanted: Wanted): boolean =>
  workload.reload === undefined ? carriesInTemplate(workload, wanted) : workload.reload.untold.length === 0;

const carriesInTemplate = (workload: Workload, wanted: Wanted): boolean =>
  Object.entries(wantedOf(workload, wanted)).every(([key, value]) => workload.templateAnnotations[key] === value);

/** What a dependent is found to be. */
export interface Judgement {
  readonly state: WorkloadState;
  readonly message?: string | undefined;
  /** How often its pod template was put back; absent: as often as before. */
  readonly reverts?: number;
  /** It is to be annotated. */
  readonly isDue?: boolean;
  /** Its time runs: how it has failed when that is over. */
  readonly late?: string;
  readonly tries?: Tries;
}

/** How often the API server failed to change it, and since when it may be tried again. */
type Tries = Pick<WorkloadStatus, 'failures' | 'retryTime'>;

export const NOT_HEALTHY = 'Not healthy';

export function judgeCarrier(workload: Workload, before: WorkloadStatus | undefined): Judgement {
  const found = health(workload);
  if (workload.paused && !hasBegun(workload, found, before)) {
    return { state: 'Skipped', message: `Paused: it rolls when it is resumed, with: ${resumeCommand(workload)}` };
  }
  switch (found.kind) {
    case 'Healthy':
      return { state: 'Rolled' };
    case 'Waiting':
      if (workload.paused)
        return { state: 'ManualActionRequired', message: pausedInTheMiddle(workload, found.message) };
      return { state: 'Rolling', message: found.message, late: NOT_HEALTHY };
    default:
      return { state: found.kind, message: found.message };
  }
}

/** Whether the roll of a paused one began before the pause: as is remembered, or as its new pods show. */
function hasBegun({ status, generation }: Workload, { kind }: Health, before: WorkloadStatus | undefined): boolean {
  if (before !== undefined && before.state !== 'Pending' && before.state !== 'Skipped') return true;
  return kind !== 'Healthy' && status.observedGeneration >= generation && status.updatedReplicas > 0;
}

const pausedInTheMiddle = (workload: Workload, message: string): string =>
  `It was paused in the middle of its roll, and the rest of its pods hold the old server CA (${message}): resume it with: ${resumeCommand(workload)}`;

const resumeCommand = (workload: Workload): string => WORKLOAD_KINDS[workload.kind].commands.resume(workload);
