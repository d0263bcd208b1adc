import { isKubernetesError, type KubernetesError } from '../../domain/errors.ts';
import { carries, type Wanted } from '../../domain/trust/carrier.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import type { Distribution } from '../../domain/trust/distribution.ts';
import type { Health } from '../../domain/trust/health.ts';
import type { Pod } from '../../domain/trust/pod.ts';
import {
  type Blockage,
  blockage,
  blockedMessage,
  blockedUnseen,
  mayBeBlocked,
} from '../../domain/trust/unready-pods.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import { type Context, normal, type StepEvent } from '../pass.ts';

/** A pod that is on its way to be ready is given this long: a moment for a person, and longer than a probe that fails once. */
const PATIENCE_MS = 5_000;

interface Looked {
  readonly dependent: Dependent;
  readonly events: readonly StepEvent[];
}

/**
 * Looks for old pods that keep StatefulSets from rolling, and deletes them where the spec says so: one at a time, and
 * none that is ready, of the new template, or of another owner.
 */
export async function judgeUnreadyPods(
  distribution: Distribution,
  found: readonly Dependent[],
  options: Wanted,
  context: Context,
): Promise<{ readonly dependents: readonly Dependent[]; readonly events: readonly StepEvent[] }> {
  const looked = await Promise.all(
    found.map(async (dependent): Promise<Looked> => {
      const { workload } = dependent;
      const isRolling = workload !== undefined && workload.reload === undefined && carries(workload, options);
      if (!isRolling || !mayBeBlocked(workload)) {
        return { dependent, events: [] };
      }
      const { standstill, events = [] } = await look(distribution, workload, context);
      return {
        dependent: standstill === undefined ? dependent : { ...dependent, workload: { ...workload, standstill } },
        events,
      };
    }),
  );
  return { dependents: looked.map(({ dependent }) => dependent), events: looked.flatMap(({ events }) => events) };
}

interface Standstill {
  readonly standstill?: Health | undefined;
  readonly events?: readonly StepEvent[];
}

async function look(distribution: Distribution, workload: Workload, context: Context): Promise<Standstill> {
  const pods = await orRefusal(() => context.pods.list(workload));
  if ('kind' in pods) return { standstill: isFinal(pods) ? blockedUnseen(workload, pods.message) : undefined };
  const blocked = blockage(workload, pods);
  if (blocked === undefined) return {};
  const message = blockedMessage(workload, blocked);
  if (![...blocked.replaceable, ...blocked.kept].some((pod) => isStill(distribution, pod, context))) {
    return { standstill: { kind: 'Waiting', message } };
  }
  return distribution.spec.rollout.unreadyPods === 'Delete' && blocked.kept.length === 0
    ? replace(distribution, workload, blocked, context)
    : { standstill: { kind: 'ManualActionRequired', message } };
}

const isStill = ({ metadata }: Distribution, { uid, readinessTime }: Pod, { memory }: Context): boolean =>
  memory.sinceSeenMs(metadata.uid, `unready ${uid} ${readinessTime}`) >= PATIENCE_MS;

async function replace(
  distribution: Distribution,
  workload: Workload,
  blocked: Blockage,
  context: Context,
): Promise<Standstill> {
  const names = blocked.replaceable.map(({ name }) => name).slice(0, 10);
  const waiting = { kind: 'Waiting', message: `Deleting old pods that are not ready: ${names.join(', ')}` } as const;
  const { next } = blocked;
  if (next === undefined || !isStill(distribution, next, context)) return { standstill: waiting };
  // As it is now: if the old template was put back meanwhile, this pod is a new one.
  const deleted = await orRefusal(async () => {
    const fresh = await context.workloads.get(workload);
    const isNext = fresh !== undefined && blockage(fresh, await context.pods.list(fresh))?.next?.uid === next.uid;
    if (isNext) await context.pods.delete(next);
    return { isNext };
  });
  if ('kind' in deleted) return { standstill: isFinal(deleted) ? refused(workload, blocked, deleted) : waiting };
  if (!deleted.isNext) return { standstill: waiting };
  context.logger.info('Unready pod deleted', { workload: `StatefulSet/${workload.name}`, pod: next.name });
  const note = `Pod ${next.name} is deleted: it was not ready, had the old pod template, and kept StatefulSet ${workload.name} from rolling`;
  return {
    standstill: waiting,
    events: [{ ...normal('UnreadyPodDeleted', 'Roll', note), workload }],
  };
}

const refused = (workload: Workload, blocked: Blockage, { message }: KubernetesError): Health => ({
  kind: 'ManualActionRequired',
  message: `${blockedMessage(workload, blocked)}. rollout.unreadyPods asks the operator to, but it may not: ${message}`,
});

/** What somebody must put right; the rest may pass by itself. */
const isFinal = ({ kind }: KubernetesError): boolean => kind === 'Forbidden' || kind === 'Refused';

async function orRefusal<T>(act: () => Promise<T>): Promise<T | KubernetesError> {
  try {
    return await act();
  } catch (error) {
    if (isKubernetesError(error) && error.kind !== 'NotLeading') return error;
    throw error;
  }
}
