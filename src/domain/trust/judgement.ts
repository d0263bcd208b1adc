/** What a dependent is found to be, as a row of the status: by what is there, and by what was remembered of it. */
import { recordedDelayMs } from '../../lib/backoff.ts';
import { oneLine } from '../../lib/one-line.ts';
import { timeOf } from '../../lib/time.ts';
import { notUnderstood } from '../not-understood.ts';
import { annotations } from '../object.ts';
import { carries, type Judgement, judgeCarrier, NOT_HEALTHY, type Wanted, wantedOf } from './carrier.ts';
import { type Dependent, isSame } from './dependents.ts';
import type { RolloutSpec, RolloutStatus, WorkloadStatus } from './distribution.ts';
import { isGivenUp, putBackMessage, revertsOf } from './put-back.ts';
import { judgeReload } from './reload.ts';
import type { OtherObject, Workload } from './workload.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';

export interface RollOptions extends Wanted {
  readonly rollout: RolloutSpec;
  /** The status of the roll when it was judged last, of the same revision. */
  readonly before: RolloutStatus | undefined;
  /** Some workloads could not be read: what they depend on, and their waves, are not known. */
  readonly isIncomplete?: boolean;
  /** RFC 3339. */
  readonly now: string;
}

/** What its annotation says about the roll, `disabled` to opt out; a value that is not understood may mean the same. */
export const choiceOf = (workload: Workload): string | undefined => workload.annotations[annotations.rollout];

/** It has a pod template of its own, and nobody opted it out. */
export const isAnnotated = (workload: Workload): boolean =>
  workload.templateFrom === undefined && choiceOf(workload) === undefined && workload.isBeingDeleted !== true;

export interface Judged {
  readonly dependent: Dependent;
  readonly row: WorkloadStatus;
  readonly isDue: boolean;
}

export function judge(dependent: Dependent, all: readonly Dependent[], options: RollOptions): Judged {
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

/** Since when its time runs. */
function startOf({ state }: Judgement, before: WorkloadStatus | undefined, { now }: RollOptions): string {
  const goesOn = state === 'Rolling' ? hasRollGoneOn(before) : before?.state === 'Pending';
  return (goesOn ? before?.startTime : undefined) ?? now;
}

/** One that was healthy, paused or left to a person starts over: an autoscaler is no reason to fail. */
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
  const { reload } = workload;
  if (carries(workload, options)) {
    return reload === undefined ? judgeCarrier(workload, before) : judgeReload(workload, reload, before, options);
  }
  if (before?.state === 'Failed') return { state: 'Failed', message: before.message };
  const reverts = revertsOf(workload, before);
  if (isGivenUp(workload, reverts)) {
    const message = putBackMessage(workload, reverts, wantedOf(workload, options));
    return { state: 'ManualActionRequired', message, reverts };
  }
  if (before?.state === 'Pending' && before.failures !== undefined) return tryAgain(before, reverts, options);
  return workload.paused && reload === undefined && reverts === 0
    ? { state: 'Skipped', message: 'Paused', isDue: true }
    : { state: 'Pending', reverts, isDue: true };
}

function tryAgain(before: WorkloadStatus, reverts: number, { now }: RollOptions): Judgement {
  const { message, failures, retryTime } = before;
  const isDue = recordedDelayMs(retryTime, new Date(now)) === 0;
  const tries = { ...(failures !== undefined && { failures }), ...(retryTime !== undefined && { retryTime }) };
  return { state: 'Pending', message, reverts, isDue, late: 'Not changed', tries };
}

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

const unclear = (workload: Workload, choice: string): Judgement => ({
  state: 'ManualActionRequired',
  message: `${notUnderstood(annotations.rollout, choice)}, so it is not rolled: set it to "disabled" to opt out, or remove it; once the roll has ended, restart it with: ${restartCommand(workload)}`,
});

const restartCommand = (workload: Workload): string => WORKLOAD_KINDS[workload.kind].commands.restart(workload);
