/** The roll: who is started now, and how each dependent fares. */
import { oneLine } from '../../lib/one-line.ts';
import { timeOf } from '../../lib/time.ts';
import { notUnderstood } from '../not-understood.ts';
import { annotations } from '../object.ts';
import { type Dependent, isSame } from './dependents.ts';
import type { RolloutSpec, RolloutStatus, WorkloadStatus } from './distribution.ts';
import { type Health, health } from './health.ts';
import { isGivenUp, putBackMessage, revertsOf } from './put-back.ts';
import { progressOf } from './roll-progress.ts';
import type { OtherObject, TemplateAnnotations, Workload } from './workload.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';

export type WorkloadState =
  | 'Pending'
  | 'Rolling'
  | 'Rolled'
  | 'Failed'
  | 'Skipped'
  /** What the operator can do is done; its message says what is left to a person. Not waited for, and no failure. */
  | 'ManualActionRequired'
  | 'Missing';

export interface RollOptions {
  /** What the pod template of each dependent has to carry. */
  readonly annotations: TemplateAnnotations;
  readonly rollout: RolloutSpec;
  /** The status of the roll when it was judged last, of the same revision. */
  readonly before: RolloutStatus | undefined;
  /** Some workloads could not be read: what they depend on, and their waves, are not known. */
  readonly isIncomplete?: boolean;
  /** RFC 3339. */
  readonly now: string;
}

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
  const rolling = rows.filter(({ state }) => state === 'Rolling').length;
  const wave = (options.isIncomplete ? rows : rows.filter(isOpen))[0]?.wave;
  const hasStopped = mustStop(rows, options);
  const start = hasStopped ? [] : toStart(judged, { wave, free: options.rollout.maxConcurrent - rolling });
  const isAwaited = options.isIncomplete === true || (!hasStopped && rows.some(isTried));
  const isAtRest = start.length === 0 && rolling === 0 && !isAwaited;
  const cannotBegin = isAtRest && !hasStopped && wave !== undefined;
  return {
    workloads: cannotBegin ? rows.map(notBegun) : rows,
    start: start.flatMap(({ dependent: { workload } }) => (workload === undefined ? [] : [workload])),
    isSettled: isAtRest,
    paused: judged.filter(isHeld).length,
    progress: judged.reduce((sum, { row, dependent }) => sum + progressOf(row, dependent.workload), 0),
  };
}

const isOpen = ({ state }: WorkloadStatus): boolean => state === 'Pending' || state === 'Rolling';

/** The API server did not get it read or changed; that is tried again until its time is over. */
export const isTried = ({ state, startTime, reverts, failures }: WorkloadStatus): boolean =>
  state === 'Pending' && (failures !== undefined || (startTime !== undefined && reverts === undefined));

interface Room {
  /** The lowest that is not settled. */
  readonly wave: number | undefined;
  /** How many more may roll. */
  readonly free: number;
}

/**
 * Those whose turn it is. What status could not remember is not begun: it would be begun again and again. One that is
 * paused takes nobody's turn.
 */
function toStart(judged: readonly Judged[], { wave, free }: Room): readonly Judged[] {
  const due = judged.filter(({ isDue }) => isDue);
  const unpaused = due.filter(({ row }) => row.state === 'Pending' && row.wave === wave);
  const paused = due.filter(({ row }) => row.state !== 'Pending' && (wave === undefined || row.wave <= wave));
  const next = unpaused.toSorted((a, b) => Number(mustBeKept(b.row)) - Number(mustBeKept(a.row)));
  const room = Math.max(0, MAX_LISTED - judged.filter(({ row }) => mustBeKept(row)).length);
  const candidates = [...next.slice(0, Math.max(0, free)), ...paused];
  const fresh = candidates.filter(({ row }) => !mustBeKept(row)).slice(0, room);
  return candidates.filter((one) => mustBeKept(one.row) || fresh.includes(one));
}

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

export const isFailure = ({ state }: WorkloadStatus): boolean => state === 'Failed' || state === 'Missing';

/** How many of a roll that has settled without a failure wait for a person. */
export const leftToPeople = ({ total = 0, rolled = 0, failed = 0, skipped = 0 }: RolloutStatus): number =>
  total - rolled - failed - skipped;

/** Whether a row that is not listed is news: of those that fell off the list nobody knows what was said of them. */
export const hasAllListed = ({ total = 0, workloads }: RolloutStatus): boolean =>
  workloads === undefined || total <= workloads.length;

/** As many failures as status can remember end the roll anyhow: one that is forgotten would be tried again and again. */
function mustStop(rows: readonly WorkloadStatus[], { rollout }: RollOptions): boolean {
  if (rollout.onFailure === 'Stop' && rows.some(isFailure)) return true;
  return rows.filter(({ state }) => state === 'Failed').length >= MAX_LISTED;
}

/** What its annotation says about the roll, `disabled` to opt out; a value that is not understood may mean the same. */
const choiceOf = (workload: Workload): string | undefined => workload.annotations[annotations.rollout];

/** It has a pod template of its own, and nobody opted it out. */
export const isAnnotated = (workload: Workload): boolean =>
  workload.templateFrom === undefined && choiceOf(workload) === undefined && workload.isBeingDeleted !== true;

export const carries = (workload: Workload, { annotations: wanted }: Pick<RollOptions, 'annotations'>): boolean =>
  Object.entries(wanted).every(([key, value]) => workload.templateAnnotations[key] === value);

/** What a dependent is found to be. */
interface Judgement {
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

interface Judged {
  readonly dependent: Dependent;
  readonly row: WorkloadStatus;
  readonly isDue: boolean;
}

function judge(dependent: Dependent, all: readonly Dependent[], options: RollOptions): Judged {
  const { kind, name, wave, workload } = dependent;
  const before = options.before?.workloads?.find((row) => isSame(row, dependent));
  const judgement = workload ? judgeWorkload(workload, before, all, options) : judgeAbsent(dependent, before);
  const startTime = judgement.late === undefined ? before?.startTime : startOf(judgement, before, options);
  const { state, message, isDue = false, tries } = inTime(judgement, startTime, options);
  const { reverts = before?.reverts ?? 0 } = judgement;
  const row = {
    kind,
    name,
    wave,
    state,
    ...withNote(message, dependent.note),
    ...(startTime !== undefined && { startTime }),
    ...(reverts > 0 && { reverts }),
    ...tries,
  };
  return { dependent, row, isDue };
}

/** One that failed says in each pass what it said before. */
function withNote(message: string | undefined, note: string | undefined): Pick<WorkloadStatus, 'message'> {
  const isSaid = note === undefined || message?.includes(note) === true;
  const text = isSaid ? message : [message, note].filter((part) => part !== undefined).join('. ');
  return text === undefined ? {} : { message: oneLine(text) };
}

/** What cannot be read is as it was, as far as is known. */
function judgeAbsent({ unread }: Dependent, before: WorkloadStatus | undefined): Judgement {
  if (unread === undefined) return { state: 'Missing', message: 'It does not exist' };
  switch (before?.state) {
    case 'Rolled':
    case 'Failed':
    case 'Skipped':
    case 'ManualActionRequired':
      return { state: before.state, message: before.message };
    case 'Rolling':
      return { state: 'Rolling', message: unread, late: NOT_HEALTHY };
    default:
      return { state: 'Pending', message: unread, late: 'Not read' };
  }
}

const NOT_HEALTHY = 'Not healthy';

/** Since when its time runs. */
function startOf({ state }: Judgement, before: WorkloadStatus | undefined, { now }: RollOptions): string {
  const goesOn = state === 'Rolling' ? hasRollGoneOn(before) : before?.state === 'Pending';
  return (goesOn ? before?.startTime : undefined) ?? now;
}

/** One that was healthy, paused or in the hands of a person begins anew: an autoscaler is no reason to fail. */
const hasRollGoneOn = (before: WorkloadStatus | undefined): boolean =>
  before?.state === 'Pending' || before?.state === 'Rolling' || before?.state === 'Failed';

function inTime(judgement: Judgement, startTime: string | undefined, { now, rollout }: RollOptions): Judgement {
  const { late, message = '' } = judgement;
  const elapsedMs = Date.parse(now) - (timeOf(startTime) ?? 0);
  return late === undefined || elapsedMs < rollout.timeoutSeconds * 1000
    ? judgement
    : { state: 'Failed', message: `${late} after ${rollout.timeoutSeconds} s: ${message}` };
}

function judgeWorkload(
  workload: Workload,
  before: WorkloadStatus | undefined,
  all: readonly Dependent[],
  options: RollOptions,
): Judgement {
  if (workload.isBeingDeleted === true) return { state: 'Skipped', message: 'It is being deleted' };
  const choice = choiceOf(workload);
  if (choice === 'disabled') return { state: 'Skipped', message: `Opted out by the annotation ${annotations.rollout}` };
  if (choice !== undefined && !carries(workload, options)) return unclear(workload, choice);
  if (workload.templateFrom !== undefined) return judgeByTemplate(workload, workload.templateFrom, all, options);
  if (carries(workload, options)) return judgeCarrier(workload, before);
  if (before?.state === 'Failed') return { state: 'Failed', message: before.message };
  const reverts = revertsOf(workload, before);
  if (isGivenUp(workload, reverts)) {
    const message = putBackMessage(workload, reverts, options.annotations);
    return { state: 'ManualActionRequired', message, reverts };
  }
  if (before?.state === 'Pending' && before.failures !== undefined) return tryAgain(before, reverts, options);
  return workload.paused && reverts === 0
    ? { state: 'Skipped', message: 'Paused', isDue: true }
    : { state: 'Pending', reverts, isDue: true };
}

function tryAgain(before: WorkloadStatus, reverts: number, { now }: RollOptions): Judgement {
  const { message, failures, retryTime } = before;
  const isDue = (timeOf(retryTime) ?? 0) <= Date.parse(now);
  const tries = { ...(failures !== undefined && { failures }), ...(retryTime !== undefined && { retryTime }) };
  return { state: 'Pending', message, reverts, isDue, late: 'Not changed', tries };
}

const unclear = (workload: Workload, choice: string): Judgement => ({
  state: 'ManualActionRequired',
  message: `${notUnderstood(annotations.rollout, choice)}, so it is not rolled: set it to "disabled" to opt out, or remove it; once the roll has ended, restart it with: ${restartCommand(workload)}`,
});

function judgeCarrier(workload: Workload, before: WorkloadStatus | undefined): Judgement {
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

/** Whether the roll of a paused one began before the pause: as is remembered, or as its new pods tell. */
function hasBegun({ status, generation }: Workload, { kind }: Health, before: WorkloadStatus | undefined): boolean {
  if (before !== undefined && before.state !== 'Pending' && before.state !== 'Skipped') return true;
  return kind !== 'Healthy' && status.observedGeneration >= generation && status.updatedReplicas > 0;
}

const pausedInTheMiddle = (workload: Workload, message: string): string =>
  `It was paused in the middle of its roll, and the rest of its pods hold the old server CA (${message}): resume it with: ${resumeCommand(workload)}`;

const resumeCommand = (workload: Workload): string => WORKLOAD_KINDS[workload.kind].commands.resume(workload);

/** It rolls when the object rolls whose pod template it runs: that one is annotated, this one is judged. */
function judgeByTemplate(
  workload: Workload,
  from: OtherObject,
  all: readonly Dependent[],
  options: RollOptions,
): Judgement {
  const object = `${from.kind} ${from.name}`;
  // Nor is one judged by another that is judged so too: they may go in a circle.
  if (from.kind === 'Rollout') {
    return {
      state: 'ManualActionRequired',
      message: `Its workloadRef names ${object}, and Argo Rollouts runs no pod template of a Rollout: name a Deployment, or give it a template of its own`,
    };
  }
  const found = all.find((dependent) => isSame(dependent, from));
  if (found?.workload === undefined) {
    return {
      state: 'ManualActionRequired',
      message: `It runs the pod template of ${object}, which is not among the workloads to roll: name that one in rollout.targets, or restart it with: ${restartCommand(workload)}`,
    };
  }
  if (!carries(found.workload, options)) {
    return judge(found, all, options).row.state === 'Pending'
      ? { state: 'Pending', message: `It rolls with ${object}, whose pod template it runs` }
      : { state: 'ManualActionRequired', message: `It runs the pod template of ${object}, which was not rolled` };
  }
  const observed = workload.status.argo?.observedTemplateGeneration ?? 0;
  return observed < found.workload.generation
    ? { state: 'Rolling', message: `Its controller has not seen the change of ${object} yet`, late: NOT_HEALTHY }
    : judgeCarrier(workload, undefined);
}

const restartCommand = (workload: Workload): string => WORKLOAD_KINDS[workload.kind].commands.restart(workload);

/** As far as is listed, nothing was on its way at any time. One that is paused is annotated, and does not roll. */
export const hasRolledNothing = (rollout: RolloutStatus | undefined): boolean =>
  (rollout?.workloads ?? []).every(({ state, startTime }) => startTime === undefined || state === 'Skipped');

const MAX_LISTED = 100;

/**
 * The rows as status keeps them: the counts are exact, the list is bounded. What a later pass must know of goes first,
 * then what is of use to it or to a person: of those that were begun, the ones that may be put back any moment.
 */
export function rolloutStatus(
  revision: string,
  workloads: readonly WorkloadStatus[],
  { paused = 0, progress, progressTime }: Pick<RolloutStatus, 'paused' | 'progress' | 'progressTime'> = {},
): RolloutStatus {
  const count = (...states: readonly string[]): number =>
    workloads.filter(({ state }) => states.includes(state)).length;
  const rolled = count('Rolled');
  return {
    summary: `${rolled}/${workloads.length}`,
    total: workloads.length,
    rolled,
    failed: count('Failed', 'Missing'),
    skipped: count('Skipped'),
    ...(paused > 0 && { paused }),
    ...(progress !== undefined && { progress }),
    ...(progressTime !== undefined && { progressTime }),
    revision,
    workloads: workloads.length <= MAX_LISTED ? workloads : workloads.toSorted(byNeed).slice(0, MAX_LISTED),
  };
}

/** Without its row it would be begun again, or have its time again. No more than fit into the list are ever begun. */
const mustBeKept = ({ state, startTime, reverts = 0 }: WorkloadStatus): boolean =>
  state === 'Rolling' || state === 'Failed' || reverts > 0 || (state === 'Pending' && startTime !== undefined);

function byNeed(a: WorkloadStatus, b: WorkloadStatus): number {
  const newestFirst = startMs(b) - startMs(a);
  return rank(a) - rank(b) || (a.state === 'Rolling' ? -newestFirst : newestFirst);
}

const startMs = ({ startTime }: WorkloadStatus): number => timeOf(startTime) ?? 0;

function rank(row: WorkloadStatus): number {
  if (row.state === 'Rolling') return 0;
  if (row.state === 'Failed') return 1;
  if (mustBeKept(row)) return 2;
  if (row.state === 'ManualActionRequired') return row.startTime === undefined ? 4 : 3;
  if (row.state === 'Missing') return 5;
  return row.startTime === undefined ? 7 : 6;
}
