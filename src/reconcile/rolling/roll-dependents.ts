/** Starts what may start now, and judges all dependents by what is there then. What that means is for its caller to say. */
import { afterFailure } from '../../domain/call/retry.ts';
import { isKubernetesError, type KubernetesError } from '../../domain/errors.ts';
import { carries, wantedOf } from '../../domain/trust/carrier.ts';
import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { Distribution, RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import type { RollOptions } from '../../domain/trust/judgement.ts';
import { furthest } from '../../domain/trust/roll-progress.ts';
import { planRoll, withStarts } from '../../domain/trust/rollout.ts';
import { rolloutStatus } from '../../domain/trust/rollout-status.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import type { Key } from '../../lib/key.ts';
import { oneLine } from '../../lib/one-line.ts';
import type { Context, StepEvent } from '../pass.ts';
import { awaitRoll } from './await-roll.ts';
import { rollEvents } from './roll-events.ts';
import { tellPods } from './tell-pods.ts';
import { judgeUnreadyPods } from './unready-pods.ts';

export interface Roll {
  readonly by: Key;
  readonly distribution: Distribution;
  /** Those that may roll, as they are to be judged. */
  readonly ready: readonly Dependent[];
  /** The rows of those that may not yet. */
  readonly others?: readonly WorkloadStatus[];
  readonly options: RollOptions;
}

export interface Rolled {
  /** Of those that may roll. */
  readonly rows: readonly WorkloadStatus[];
  /** With the others. */
  readonly rollout: RolloutStatus;
  /** None of those that may roll is open. */
  readonly isSettled: boolean;
  readonly events: readonly StepEvent[];
}

/**
 * The next pass comes when what rolls now has settled.
 * @throws KubernetesError only `NotLeading`
 */
export async function rollDependents(
  { by, distribution, ready, others = [], options }: Roll,
  context: Context,
): Promise<Rolled> {
  const { before, now } = options;
  const { dependents: found, events } = await judgeUnreadyPods(distribution, ready, options, context);
  const planned = planRoll(found, options);
  const started = await Promise.all(planned.start.map((workload) => annotate(workload, options, context)));
  const current = found.map((dependent) => onceStarted(dependent, started));
  const plan = planRoll(current, { ...options, before: { ...before, workloads: planned.workloads } });
  const annotated = started.filter(({ kind }) => kind === 'Annotated').map(({ workload }) => workload);
  const judged = plan.workloads.map((row) => failedRow(row, started, options, context));
  const rows = withStarts(judged, annotated, now);
  awaitRoll(by, distribution, { rows, rolling: rollingOf(current, rows) }, context);
  const progress = furthest(plan.progress, before, now);
  return {
    rows,
    rollout: rolloutStatus(before?.revision ?? '', [...rows, ...others], { paused: plan.paused, ...progress }),
    isSettled: plan.isSettled && started.every(({ kind }) => kind === 'Annotated'),
    events: [...events, ...rollEvents(before, rows, { found, now })],
  };
}

/** As they were read or written last. */
const rollingOf = (current: readonly Dependent[], rows: readonly WorkloadStatus[]): readonly Workload[] =>
  current.flatMap(({ workload }) => (workload !== undefined && isRolling(workload, rows) ? [workload] : []));

const isRolling = (workload: Workload, rows: readonly WorkloadStatus[]): boolean =>
  rows.some((row) => row.state === 'Rolling' && isSame(row, workload));

type Started =
  | { readonly kind: 'Annotated'; readonly workload: Workload }
  | { readonly kind: 'Refused'; readonly workload: Workload; readonly message: string }
  /** The API server did not get it done, a webhook of this workload say: it is tried again, and no other waits for it. */
  | { readonly kind: 'Unavailable'; readonly workload: Workload; readonly error: KubernetesError }
  /** It changed or went away since it was read: it is judged again in the next pass. */
  | { readonly kind: 'Changed'; readonly workload: Workload };

async function annotate(workload: Workload, options: RollOptions, context: Context): Promise<Started> {
  try {
    const { reload } = workload;
    const wanted = wantedOf(workload, options);
    const annotated =
      reload === undefined
        ? await context.workloads.annotateTemplate(workload, wanted)
        : await tellPods(workload, reload, wanted, { pods: context.pods, now: options.now });
    return carries(annotated, options)
      ? { kind: 'Annotated', workload: annotated }
      : {
          kind: 'Refused',
          workload,
          message: `An admission webhook or policy removed ${reload === undefined ? 'its annotation' : 'the annotation of its pods'}`,
        };
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound')) return { kind: 'Changed', workload };
    if (isKubernetesError(error, 'Forbidden', 'Refused')) return { kind: 'Refused', workload, message: error.message };
    if (isKubernetesError(error, 'Unavailable')) return { kind: 'Unavailable', workload, error };
    throw error;
  }
}

function onceStarted(dependent: Dependent, started: readonly Started[]): Dependent {
  const done = started.find(({ kind, workload }) => kind === 'Annotated' && isSame(workload, dependent));
  return done === undefined ? dependent : { ...dependent, workload: done.workload };
}

/** The row of one that could not be annotated; any other as it is. */
function failedRow(
  row: WorkloadStatus,
  started: readonly Started[],
  { now }: RollOptions,
  { clock, settings }: Context,
): WorkloadStatus {
  const tried = started.find(({ workload }) => isSame(workload, row));
  switch (tried?.kind) {
    case 'Refused':
      return { ...row, state: 'Failed', message: oneLine(tried.message), startTime: now };
    case 'Unavailable': {
      const { message, retryAfterMs } = tried.error;
      const startTime = row.failures === undefined ? now : (row.startTime ?? now);
      const again = afterFailure(row, clock.now(), settings, retryAfterMs);
      return { ...again, state: 'Pending', message: oneLine(message), startTime };
    }
    default:
      return row;
  }
}
