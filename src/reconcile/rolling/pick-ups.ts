/** Who is restarted, and who is told: of the latter, which pods are still to be. They are read anew, and never kept. */
import { isKubernetesError } from '../../domain/errors.ts';
import { type Wanted, wantedOf } from '../../domain/trust/carrier.ts';
import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { Distribution, DistributionSpec, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { choiceOf, type RollOptions } from '../../domain/trust/judgement.ts';
import { type OtherObjects, pickUpOf, sourcesOf } from '../../domain/trust/pick-up.ts';
import { podAnnotationKey, podAnnotations, podsOf } from '../../domain/trust/pod.ts';
import { parseObjectName } from '../../domain/trust/published-kinds.ts';
import { madeBefore, notTold } from '../../domain/trust/reload.ts';
import type { Trust } from '../../domain/trust/right-template.ts';
import { isOpen } from '../../domain/trust/rollout-status.ts';
import { templateAnnotationKey } from '../../domain/trust/tls-material.ts';
import type { Reload, Workload } from '../../domain/trust/workload.ts';
import { WORKLOAD_KINDS } from '../../domain/trust/workload-kinds.ts';
import { timeOf } from '../../lib/time.ts';
import type { Context } from '../pass.ts';

export interface PickUpOptions extends RollOptions {
  readonly others: OtherObjects;
  /** What the pods must trust; undefined: what is wanted alone is right. */
  readonly trust?: Trust | undefined;
}

type Ports = Pick<Context, 'pods' | 'objects'>;

/** The dependents as they are to be judged. What cannot be read of one counts as the workload itself does. */
export const withPickUps = (
  distribution: Distribution,
  found: readonly Dependent[],
  options: PickUpOptions,
  ports: Ports,
): Promise<readonly Dependent[]> =>
  Promise.all(found.map((dependent) => withPickUp(distribution, dependent, found, { ...options, ...ports })));

async function withPickUp(
  distribution: Distribution,
  dependent: Dependent,
  all: readonly Dependent[],
  options: PickUpOptions & Ports,
): Promise<Dependent> {
  const { workload } = dependent;
  if (workload === undefined || choiceOf(workload) !== undefined || workload.isBeingDeleted === true) return dependent;
  const planned = withPlannedPickUp(dependent, all, { spec: distribution.spec, others: options.others });
  if (planned.workload?.reload === undefined || isDone(dependent, options)) return planned;
  try {
    return { ...dependent, workload: { ...workload, reload: await readReload(distribution, workload, options) } };
  } catch (error) {
    if (!isKubernetesError(error, 'Unavailable', 'Forbidden', 'Refused')) throw error;
    const { workload: _unknown, ...rest } = dependent;
    return { ...rest, unread: `Its pods cannot be listed: ${error.message}` };
  }
}

const withNote = ({ note, ...dependent }: Dependent, more: string): Dependent => ({
  ...dependent,
  note: note === undefined ? more : `${note}. ${more}`,
});

/** As far as is known without its pods: before anything is published, which are to be told does not matter. */
export function withPlannedPickUp(
  dependent: Dependent,
  all: readonly Dependent[],
  given: { readonly spec: DistributionSpec; readonly others: OtherObjects },
): Dependent {
  const { workload } = dependent;
  if (workload === undefined) return dependent;
  const pickUp = pickUpOf(workload, all, given);
  if (pickUp.kind === 'Reload') return { ...dependent, workload: { ...workload, reload: { untold: [] } } };
  return pickUp.note === undefined ? dependent : withNote(dependent, pickUp.note);
}

/** While others still roll, one whose pods were told is not asked for them in each pass. */
function isDone(dependent: Dependent, { before }: RollOptions): boolean {
  const rows: readonly WorkloadStatus[] = before?.workloads ?? [];
  return rows.some(isOpen) && rows.some((row) => row.state === 'Rolled' && isSame(row, dependent));
}

async function readReload(
  distribution: Distribution,
  workload: Workload,
  { pods, objects, others, trust, ...wanted }: PickUpOptions & Ports,
): Promise<Reload> {
  const { spec, metadata } = distribution;
  const own = podsOf(workload, await pods.list(workload));
  const doubtful = notTold(own, {
    ...rightBy(wanted, workload),
    caKey: podAnnotationKey(templateAnnotationKey(spec)),
    trust,
  });
  const sources = doubtful.length === 0 ? [] : sourcesOf(workload, spec, others);
  const untold =
    doubtful.length === 0 ? [] : madeBefore(doubtful, await lastPublished(metadata.namespace, sources, objects));
  return { untold, ...(WORKLOAD_KINDS[workload.kind].hasReplicaSets && { found: own.length }) };
}

const rightBy = (wanted: Wanted, workload: Workload) => ({ wanted: podAnnotations(wantedOf(workload, wanted)) });

/** When the last of these objects was published, by the API server's clock; undefined: of one it is not known. */
async function lastPublished(
  namespace: string,
  names: readonly string[],
  objects: Ports['objects'],
): Promise<string | undefined> {
  const times = await Promise.all(
    names.map(async (text) => {
      const object = parseObjectName(text);
      return object && (await objects.get({ namespace, ...object }))?.publishedTime;
    }),
  );
  return times.length === 0 ? undefined : times.reduce(later);
}

const later = (one: string | undefined, other: string | undefined): string | undefined => {
  const [a, b] = [timeOf(one), timeOf(other)];
  if (a === undefined || b === undefined) return undefined;
  return a > b ? one : other;
};
