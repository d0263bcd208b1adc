import { isKubernetesError, KubernetesError } from '../../domain/errors.ts';
import {
  type Dependent,
  dependents,
  inOrder,
  isSame,
  looksForReferences,
  mayDependBy,
} from '../../domain/trust/dependents.ts';
import type { Distribution, WorkloadKind } from '../../domain/trust/distribution.ts';
import { rolloutSelector, selectorQuery } from '../../domain/trust/label-selector.ts';
import type { Workload, WorkloadRef } from '../../domain/trust/workload.ts';
import type { Workloads } from '../workload-ports.ts';

/** What is there of the workloads that depend on the instance. */
export interface Reading {
  /** In the order in which they roll. Those that could not be read, and are known all the same, are among them. */
  readonly dependents: readonly Dependent[];
  /** What could not be read: a kind as a whole, or one target. */
  readonly unread: readonly Unread[];
}

interface Unread {
  readonly kind: WorkloadKind;
  /** Absent: the kind could not be listed. */
  readonly name?: string;
  readonly error: KubernetesError;
}

/** The workloads that depend on the instance. The whole namespace is read only where references must be looked for. */
export async function findDependents(distribution: Distribution, workloads: Workloads): Promise<readonly Dependent[]> {
  const { dependents: found, unread } = await readDependents(distribution, workloads);
  const [first] = unread;
  if (first === undefined) return found;
  const { kind, retryAfterMs } = first.error;
  throw new KubernetesError({
    kind,
    message: unreadMessage(first),
    cause: first.error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** The same, and what of them could not be read: a broken webhook of one kind must not keep the others from rolling. */
export async function readDependents(distribution: Distribution, workloads: Workloads): Promise<Reading> {
  const { metadata, spec, status } = distribution;
  const { namespace } = metadata;
  const selector = rolloutSelector(spec);
  const query = looksForReferences(spec)
    ? ({ by: 'Namespace', isWanted: mayDependBy(spec, selector) } as const)
    : ({ by: 'Selector', selector: selectorQuery(selector) } as const);
  const lists = await Promise.all(
    spec.rollout.kinds.map((kind) => read({ kind }, () => workloads.list(namespace, { kinds: [kind], ...query }))),
  );
  const listed = lists.flatMap(({ found }) => found);
  const unlisted = (spec.rollout.targets ?? []).filter((target) => !listed.some((one) => isSame(one, target)));
  const gets = await Promise.all(
    unlisted.map(({ kind, name }) => read({ kind, name }, () => getOne({ kind, namespace, name }, workloads))),
  );
  const all = dependents(spec, selector, [...listed, ...gets.flatMap(({ found }) => found)]);
  const unread = [...lists, ...gets].flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  return { dependents: inOrder([...withReasons(all, unread), ...known(all, unread, status)]), unread };
}

/** The same, as long as anything can be read. @throws KubernetesError where that is nothing at all */
export async function readSome(distribution: Distribution, workloads: Workloads): Promise<Reading> {
  const reading = await readDependents(distribution, workloads);
  const isBlind =
    reading.unread.filter(({ name }) => name === undefined).length === distribution.spec.rollout.kinds.length;
  const [first] = reading.unread;
  if (first !== undefined && isBlind) throw first.error;
  return reading;
}

export const unreadMessage = ({ kind, name, error }: Unread): string =>
  name === undefined
    ? `${kind}s cannot be listed: ${error.message}`
    : `${kind} ${name} cannot be read: ${error.message}`;

interface Part {
  readonly found: readonly Workload[];
  readonly failure?: Unread;
}

async function read(what: Omit<Unread, 'error'>, act: () => Promise<readonly Workload[]>): Promise<Part> {
  try {
    return { found: await act() };
  } catch (error) {
    if (!isKubernetesError(error, 'Unavailable', 'Forbidden', 'Refused')) throw error;
    return { found: [], failure: { ...what, error } };
  }
}

async function getOne(ref: WorkloadRef, workloads: Workloads): Promise<readonly Workload[]> {
  const workload = await workloads.get(ref);
  return workload === undefined ? [] : [workload];
}

const withReasons = (all: readonly Dependent[], unread: readonly Unread[]): readonly Dependent[] =>
  all.map((dependent) => {
    const reason = dependent.workload ? undefined : unread.find(({ kind, name }) => isSame(dependent, { kind, name }));
    return reason === undefined ? dependent : { ...dependent, unread: unreadMessage(reason) };
  });

/** Of a kind that cannot be listed, those that were listed before. */
const known = (
  all: readonly Dependent[],
  unread: readonly Unread[],
  { rollout }: Distribution['status'],
): readonly Dependent[] =>
  unread.flatMap((one) =>
    (rollout?.workloads ?? [])
      .filter(
        (row) => one.name === undefined && row.kind === one.kind && !all.some((dependent) => isSame(dependent, row)),
      )
      .map(({ name, wave }) => ({ kind: one.kind, name, wave, unread: unreadMessage(one) })),
  );
