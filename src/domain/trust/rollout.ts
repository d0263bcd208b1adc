/** The plan of a roll: who is started now, and whether it goes on. */
import { type Dependent, isSame } from './dependents.ts';
import type { WorkloadStatus } from './distribution.ts';
import { choiceOf, type Judged, judge, type RollOptions } from './judgement.ts';
import { progressOf } from './roll-progress.ts';
import { isFailure, isOpen, isTried, MAX_LISTED, mustBeKept } from './rollout-status.ts';
import type { Workload } from './workload.ts';

export interface RollPlan {
  /** Every dependent, as it is now. */
  readonly workloads: readonly WorkloadStatus[];
  /** Workloads to annotate now. */
  readonly start: readonly Workload[];
  /** Nothing rolls any more, and nothing will be started. */
  readonly isSettled: boolean;
  /** How many do not go on because somebody paused them. */
  readonly paused: number;
  /** How far all have come together, in percent of one workload. */
  readonly progress: number;
}

/**
 * Judges all dependents by what is there, so that a restart counts the same, and says which of them start now: in the
 * lowest wave that is not settled, at most `maxConcurrent` at a time.
 */
export function planRoll(all: readonly Dependent[], options: RollOptions): RollPlan {
  const judged = all.map((dependent) => judge(dependent, all, options));
  const rows = judged.map(({ row }) => row);
  const rolling = judged.filter(({ row }) => row.state === 'Rolling');
  const restarting = rolling.filter((one) => !isTold(one)).length;
  const wave = (options.isIncomplete ? rows : rows.filter(isOpen))[0]?.wave;
  const hasStopped = mustStop(rows, options);
  const start = hasStopped ? [] : toStart(judged, { wave, free: options.rollout.maxConcurrent - restarting });
  const isAwaited = options.isIncomplete === true || (!hasStopped && rows.some(isTried));
  const isAtRest = start.length === 0 && rolling.length === 0 && !isAwaited;
  const cannotBegin = isAtRest && !hasStopped && wave !== undefined;
  return {
    workloads: cannotBegin ? rows.map(notBegun) : rows,
    start: start.flatMap(({ dependent: { workload } }) => (workload === undefined ? [] : [workload])),
    isSettled: isAtRest,
    paused: judged.filter(isHeld).length,
    progress: judged.reduce((sum, { row, dependent }) => sum + progressOf(row, dependent.workload), 0),
  };
}

interface Room {
  /** The lowest that is not settled. */
  readonly wave: number | undefined;
  /** How many more may roll. */
  readonly free: number;
}

/**
 * Those whose turn it is: one whose pods are told takes no room from those that restart. What status could not remember is not begun: it would be begun again and again. One that is
 * paused takes nobody's turn.
 */
function toStart(judged: readonly Judged[], { wave, free }: Room): readonly Judged[] {
  const due = judged.filter(({ isDue }) => isDue);
  const unpaused = due.filter(({ row }) => row.state === 'Pending' && row.wave === wave);
  const paused = due.filter(({ row }) => row.state !== 'Pending' && (wave === undefined || row.wave <= wave));
  const next = unpaused.toSorted((a, b) => Number(mustBeKept(b.row)) - Number(mustBeKept(a.row)));
  const room = Math.max(0, MAX_LISTED - judged.filter(({ row }) => mustBeKept(row)).length);
  const restarted = next.filter((one) => !isTold(one)).slice(0, Math.max(0, free));
  const candidates = [...next.filter(isTold), ...restarted, ...paused];
  const fresh = candidates.filter(({ row }) => !mustBeKept(row)).slice(0, room);
  return candidates.filter((one) => mustBeKept(one.row) || fresh.includes(one));
}

const isTold = ({ dependent: { workload } }: Judged): boolean => workload?.reload !== undefined;

/** What keeps a workload from being begun once nothing else goes on. */
const notBegun = (row: WorkloadStatus): WorkloadStatus =>
  row.state === 'Pending'
    ? {
        ...row,
        state: 'ManualActionRequired',
        message: `Not begun: ${MAX_LISTED} others were started and did not succeed, and the status can hold no more; fix those first`,
      }
    : row;

const isHeld = ({ row: { state }, dependent: { workload } }: Judged): boolean =>
  workload?.paused === true &&
  choiceOf(workload) !== 'disabled' &&
  (state === 'Skipped' || state === 'ManualActionRequired');

/** The rows after these were annotated: a later pass must know that they were, whatever became of them at once. */
export const withStarts = (
  rows: readonly WorkloadStatus[],
  annotated: readonly Workload[],
  startTime: string,
): readonly WorkloadStatus[] =>
  rows.map((row) => (annotated.some((workload) => isSame(workload, row)) ? { ...row, startTime } : row));

/** As many failures as status can remember end the roll anyhow: one that is forgotten would be tried again and again. */
function mustStop(rows: readonly WorkloadStatus[], { rollout }: RollOptions): boolean {
  if (rollout.onFailure === 'Stop' && rows.some(isFailure)) return true;
  return rows.filter(({ state }) => state === 'Failed').length >= MAX_LISTED;
}
