/** Starts what may start now, and judges all dependents by what is there then. What that means is for its caller to say. */
import { afterFailure } from '../../domain/call/retry.ts';
import { isKubernetesError, type KubernetesError } from '../../domain/errors.ts';
import { carries, wantedOf } from '../../domain/trust/carrier.ts';
import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { Distribution, WorkloadStatus } from '../../domain/trust/distribution.ts';
import type { RollOptions } from '../../domain/trust/judgement.ts';
import { planRoll, type RollPlan, withStarts } from '../../domain/trust/rollout.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import { oneLine } from '../../lib/one-line.ts';
import type { Context, StepEvent } from '../pass.ts';
import { rollEvents } from './roll-events.ts';
import { tellPods } from './tell-pods.ts';
import { judgeUnreadyPods } from './unready-pods.ts';

interface Rolled {
  readonly rows: readonly WorkloadStatus[];
  readonly plan: Pick<RollPlan, 'isSettled' | 'paused' | 'progress'>;
  readonly events: readonly StepEvent[];
  /** Those that roll now, as they were read or written last. */
  readonly rolling: readonly Workload[];
}

/** @throws KubernetesError only `NotLeading` */
export async function rollDependents(
  distribution: Distribution,
  dependents: readonly Dependent[],
  options: RollOptions,
  context: Context,
): Promise<Rolled> {
  const { before, now } = options;
  const { dependents: found, events } = await judgeUnreadyPods(distribution, dependents, options, context);
  const planned = planRoll(found, options);
  const started = await Promise.all(planned.start.map((workload) => annotate(workload, options, context)));
  const current = found.map((dependent) => onceStarted(dependent, started));
  const plan = planRoll(current, { ...options, before: { ...before, workloads: planned.workloads } });
  const annotated = started.filter(({ kind }) => kind === 'Annotated').map(({ workload }) => workload);
  const judged = plan.workloads.map((row) => failedRow(row, started, options, context));
  const rows = withStarts(judged, annotated, now);
  const isSettled = plan.isSettled && started.every(({ kind }) => kind === 'Annotated');
  return {
    rows,
    plan: { ...plan, isSettled },
    events: [...events, ...rollEvents(before, rows, { found, now })],
    rolling: current.flatMap(({ workload }) => (workload !== undefined && isRolling(workload, rows) ? [workload] : [])),
  };
}

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
