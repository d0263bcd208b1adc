import { isSame, looksForReferences } from '../../domain/trust/dependents.ts';
import type { Distribution, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { health } from '../../domain/trust/health.ts';
import { matchesSelector, rolloutSelector, selectorQuery } from '../../domain/trust/label-selector.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import type { Key } from '../../lib/key.ts';
import type { Context } from '../pass.ts';

interface Awaiting {
  readonly rows: readonly WorkloadStatus[];
  /** Those that roll, as they are known now. */
  readonly rolling: readonly Workload[];
}

/** Of more that roll at a time a pass for each that settles were too many: those that come each second start what may. */
const MAX_REPLACED_AT_ONCE = 20;

/**
 * Has the next pass over the object come when what rolls has settled, or as soon as another may start in its place. It is
 * a hint: passes come each second all the same.
 */
export function awaitRoll(
  by: Key,
  { metadata: { namespace }, spec }: Distribution,
  { rows, rolling }: Awaiting,
  { workloads, wake }: Pick<Context, 'workloads' | 'wake'>,
): void {
  // What runs the pod template of another does not show when that changes.
  const isWatched = rolling.every(({ templateFrom }) => templateFrom === undefined);
  const selector = rolloutSelector(spec);
  const isSelected = !looksForReferences(spec) && rolling.every(({ labels }) => matchesSelector(selector, labels));
  const wave = Math.min(...rows.filter(({ state }) => state === 'Rolling').map((row) => row.wave));
  const isReplaced =
    rolling.length <= MAX_REPLACED_AT_ONCE && rows.some((row) => row.state === 'Pending' && row.wave === wave);
  workloads.watchRoll(by, {
    namespace,
    workloads: isWatched ? rolling : [],
    ...(isSelected && { selector: selectorQuery(selector) }),
    isSettled: (workload) => hasAnotherSpec(workload, rolling) || health(workload).kind !== 'Waiting',
    onSettled: (left) => {
      if (left === 0 || isReplaced) wake([by]);
    },
  });
}

/** Nothing that rolls is waited for any more. */
export const forgetRoll = (by: Key, namespace: string, { workloads }: Pick<Context, 'workloads'>): void =>
  workloads.watchRoll(by, { namespace, workloads: [], isSettled: () => false, onSettled: () => undefined });

/** Somebody changed it, or made it anew: a pass finds out whether its template was put back. */
const hasAnotherSpec = ({ generation, ...workload }: Workload, known: readonly Workload[]): boolean =>
  known.some((one) => isSame(one, workload) && one.generation !== generation);
