/** The roll: who depends on the instance, in which wave, who is started now, and how each of them fares. */
import { oneLine } from './conditions.ts';
import { type LabelSelector, matchesSelector } from './label-selector.ts';
import type { RolloutStatus, Spec, WorkloadStatus } from './ssl-reset.ts';
import { annotations } from './ssl-reset.ts';
import type { TemplateAnnotations, Workload } from './workload.ts';

export type WorkloadState = 'Pending' | 'Rolling' | 'Rolled' | 'Failed' | 'Skipped' | 'Missing';

/** Objects that the CR publishes: a pod template that refers to one of them depends on the instance. */
export interface Published {
  readonly secret?: string;
  readonly configMap?: string;
}

export function published({ serverCa }: Spec): Published {
  return {
    ...(serverCa?.secretName !== undefined && { secret: serverCa.secretName }),
    ...(serverCa?.configMapName !== undefined && { configMap: serverCa.configMapName }),
  };
}

/** One workload that depends on the instance; without `workload` it is named by the spec and does not exist. */
export interface Dependent {
  readonly kind: string;
  readonly name: string;
  readonly wave: number;
  readonly workload?: Workload;
}

type Target = NonNullable<Spec['rollout']['targets']>[number];

export function dependents(spec: Spec, selector: LabelSelector, workloads: readonly Workload[]): readonly Dependent[] {
  const targets = spec.rollout.targets ?? [];
  const targetOf = (workload: Workload): Target | undefined =>
    targets.find(({ kind, name }) => kind === workload.kind && name === workload.name);
  const found = workloads
    .filter((workload) => targetOf(workload) !== undefined || isSelected(spec, selector, workload))
    .map((workload): Dependent => ({ ...named(workload), wave: waveOf(workload, targetOf(workload)), workload }));
  const missing = targets
    .filter(({ kind, name }) => !workloads.some((workload) => workload.kind === kind && workload.name === name))
    .map(({ kind, name, wave = 0 }): Dependent => ({ kind, name, wave }));
  return [...found, ...missing].toSorted((a, b) => a.wave - b.wave || compare(a.name, b.name));
}

const named = ({ kind, name }: Workload): Pick<Dependent, 'kind' | 'name'> => ({ kind, name });
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function isSelected(spec: Spec, selector: LabelSelector, workload: Workload): boolean {
  if (matchesSelector(selector, workload.labels)) return true;
  const { secret, configMap } = published(spec);
  if (!spec.rollout.referencing) return false;
  return (
    (secret !== undefined && workload.secrets.includes(secret)) ||
    (configMap !== undefined && workload.configMaps.includes(configMap))
  );
}

function waveOf(workload: Workload, target: Target | undefined): number {
  const annotated = Number(workload.annotations[annotations.wave] ?? 0);
  return target?.wave ?? (Number.isInteger(annotated) && Math.abs(annotated) <= 1000 ? annotated : 0);
}

const isOptedOut = (workload: Workload): boolean => workload.annotations[annotations.rollout] === 'disabled';

/** A Deployment's health as `kubectl rollout status` judges it. */
export type Health =
  | { readonly kind: 'Healthy' }
  | { readonly kind: 'Failed'; readonly message: string }
  | { readonly kind: 'Waiting'; readonly message: string };

export function health({ generation, desiredReplicas, status }: Workload): Health {
  if (status.observedGeneration < generation)
    return { kind: 'Waiting', message: 'Its controller has not seen the change yet' };
  if (status.progressingReason === 'ProgressDeadlineExceeded') {
    return { kind: 'Failed', message: 'It exceeded its progress deadline' };
  }
  const { replicas, updatedReplicas, availableReplicas } = status;
  if (updatedReplicas < desiredReplicas) {
    return { kind: 'Waiting', message: `${updatedReplicas} of ${desiredReplicas} replicas are updated` };
  }
  if (replicas > updatedReplicas) {
    return { kind: 'Waiting', message: `${replicas - updatedReplicas} old replicas are still to end` };
  }
  if (availableReplicas < updatedReplicas) {
    return { kind: 'Waiting', message: `${availableReplicas} of ${updatedReplicas} updated replicas are available` };
  }
  return { kind: 'Healthy' };
}

export interface RollOptions {
  /** What the pod template of each dependent has to carry. */
  readonly annotations: TemplateAnnotations;
  readonly rollout: Spec['rollout'];
  /** The status of the roll when it was judged last, of the same revision. */
  readonly before: RolloutStatus | undefined;
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
}

/**
 * Judges all dependents by what is there, so that a restart counts the same, and says which of them start now: in the
 * lowest wave that is not settled, at most `maxConcurrent` at a time.
 */
export function planRoll(all: readonly Dependent[], options: RollOptions): RollPlan {
  const judged = all.map((dependent) => ({ dependent, row: judge(dependent, options) }));
  const isOpen = ({ state }: WorkloadStatus): boolean => state === 'Pending' || state === 'Rolling';
  const rolling = judged.filter(({ row }) => row.state === 'Rolling').length;
  const hasStopped = options.rollout.onFailure === 'Stop' && judged.some(({ row }) => isFailure(row));
  const wave = judged.find(({ row }) => isOpen(row))?.row.wave;
  const free = hasStopped ? 0 : Math.max(0, options.rollout.maxConcurrent - rolling);
  const next = judged.filter(({ row }) => row.state === 'Pending' && row.wave === wave).slice(0, free);
  const paused = judged.filter(({ row, dependent }) => row.state === 'Skipped' && needsAnnotation(dependent, options));
  const start = [...next, ...(hasStopped ? [] : paused.filter(({ row }) => wave === undefined || row.wave <= wave))];
  return {
    workloads: judged.map(({ row }) => row),
    start: start.flatMap(({ dependent: { workload } }) => (workload === undefined ? [] : [workload])),
    isSettled: start.length === 0 && rolling === 0 && (hasStopped || wave === undefined),
  };
}

export const isFailure = ({ state }: WorkloadStatus): boolean => state === 'Failed' || state === 'Missing';

const carries = (workload: Workload, { annotations: wanted }: RollOptions): boolean =>
  Object.entries(wanted).every(([key, value]) => workload.templateAnnotations[key] === value);

/** A paused workload is annotated, and rolls when somebody resumes it. */
const needsAnnotation = ({ workload }: Dependent, options: RollOptions): boolean =>
  workload?.paused === true && !isOptedOut(workload) && !carries(workload, options);

function judge(dependent: Dependent, options: RollOptions): WorkloadStatus {
  const { kind, name, wave, workload } = dependent;
  const before = options.before?.workloads?.find((row) => row.kind === kind && row.name === name);
  const row = (state: WorkloadState, message?: string, startTime = before?.startTime): WorkloadStatus => ({
    kind,
    name,
    wave,
    state,
    ...(message !== undefined && { message: oneLine(message) }),
    ...(startTime !== undefined && { startTime }),
  });
  if (workload === undefined) return row('Missing', 'It does not exist');
  if (isOptedOut(workload)) return row('Skipped', `Opted out by the annotation ${annotations.rollout}`);
  if (!carries(workload, options)) {
    if (before?.state === 'Failed') return before;
    return workload.paused ? row('Skipped', 'Paused') : row('Pending');
  }
  if (workload.paused) return row('Skipped', 'Paused: it rolls when it is resumed');
  const judgement = health(workload);
  if (judgement.kind === 'Healthy') return row('Rolled');
  if (judgement.kind === 'Failed') return row('Failed', judgement.message);
  const startTime = before?.startTime ?? options.now;
  const isOverdue = Date.parse(options.now) - Date.parse(startTime) >= options.rollout.timeoutSeconds * 1000;
  return isOverdue
    ? row('Failed', `Not healthy after ${options.rollout.timeoutSeconds} s: ${judgement.message}`, startTime)
    : row('Rolling', judgement.message, startTime);
}

/** As far as is listed, nothing was on its way at any time. */
export const hasRolledNothing = (rollout: RolloutStatus | undefined): boolean =>
  (rollout?.workloads ?? []).every(({ startTime }) => startTime === undefined);

const MAX_LISTED = 100;

/** The rows as status keeps them: the counts are exact, the list is bounded, failures and open ones first. */
export function rolloutStatus(revision: string, workloads: readonly WorkloadStatus[]): RolloutStatus {
  const count = (...states: readonly string[]): number =>
    workloads.filter(({ state }) => states.includes(state)).length;
  const rolled = count('Rolled');
  const urgent = workloads.filter(({ state }) => state !== 'Rolled' && state !== 'Skipped' && state !== 'Pending');
  const listed =
    workloads.length <= MAX_LISTED ? workloads : [...urgent, ...workloads.filter((row) => !urgent.includes(row))];
  return {
    summary: `${rolled}/${workloads.length}`,
    total: workloads.length,
    rolled,
    failed: count('Failed', 'Missing'),
    skipped: count('Skipped'),
    revision,
    workloads: listed.slice(0, MAX_LISTED),
  };
}
