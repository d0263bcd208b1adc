/** How an object is published: only where it may be, only what is not there yet, and just as it was written. */
import { stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, type KubernetesError, type KubernetesErrorKind } from '../../domain/errors.ts';
import { notUnderstood } from '../../domain/not-understood.ts';
import { annotations } from '../../domain/object.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { isSameBytes } from '../../lib/bytes.ts';
import { type Key, kindOf, refOf } from '../../lib/key.ts';
import { ownValue } from '../../lib/own-value.ts';
import { shell } from '../../lib/shell.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents, PublishedObject, StoredContents } from '../ports.ts';
import { publisherKey, SSL_RESET } from '../publications.ts';

/**
 * Applies the object over what was read `before`, or finds that it holds just that already. Answers what stands in the
 * way, with the object untouched.
 * @throws KubernetesError
 */
export async function applyObject(
  { objects, index }: Publishing,
  contents: PublishedContents,
  { before, dryRun }: { readonly before: PublishedObject | undefined; readonly dryRun: boolean },
): Promise<Verdict | undefined> {
  const obstacle = rivalConflict(contents, index) ?? (before && obstacleTo(before, contents, index));
  if (obstacle !== undefined) return obstacle;
  if (before !== undefined && isUpToDate(before, contents)) return undefined;
  const stored = await objects.apply(contents, { before, dryRun });
  return holds(stored, contents) ? undefined : changedByAdmission(stored, contents);
}

/** What the API server takes and stores as something else is not published. */
function changedByAdmission(stored: StoredContents, contents: PublishedContents): Verdict {
  return waiting(
    'CannotPublish',
    `${describeObject(contents)} is not stored as it was written: an admission webhook or policy changes ${differences(stored, contents).join(', ')}. Make an exception for it; to list webhooks and policies: ${MUTATING}`,
  );
}

/** Lists whatever may change what the operator writes. */
export const MUTATING = shell`kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies`;

type Publishing = Pick<Context, 'objects' | 'index'>;
type Index = Context['index'];

/** Two objects that took turns in one Secret would give the applications the CA of another instance. */
export function rivalConflict(contents: PublishedContents, index: Index): Verdict | undefined {
  const object = describeObject(contents);
  const publisher = publisherOf(contents);
  const rival = publisher && index.names.rivalOf(publisher, object);
  return rival && stalled('ObjectConflict', sharedMessage(contents, rival, publisher));
}

const publisherOf = ({ namespace, annotations: own }: Pick<PublishedContents, 'namespace' | 'annotations'>) =>
  publisherKey(namespace, own[annotations.managedBy] ?? '');

function sharedMessage(object: Pick<PublishedContents, 'kind' | 'name'>, other: Key, own: Key | undefined): string {
  const isOfBothKinds = own !== undefined && kindOf(own) !== kindOf(other);
  // One that follows the instance publishes what a reset makes as well.
  const orRemove = isOfBothKinds ? `, or remove serverCa from the ${SSL_RESET}` : '';
  return `${describeObject(object)} is also named by the ${nameWithKind(other)}, which takes precedence; it is left untouched. Name another ${object.kind} in the spec of one of them${orRemove}`;
}

const nameWithKind = (key: Key): string => `${kindOf(key)} ${refOf(key).name}`;

type Waiting = Extract<Verdict, { kind: 'Waiting' }>;

const REFUSALS: readonly KubernetesErrorKind[] = ['Forbidden', 'Refused'];

/** What an admission webhook or RBAC refuses must be put right by somebody; the rest may pass by itself. */
export const orCannotPublish = <T>(
  act: () => Promise<T>,
  kinds: readonly KubernetesErrorKind[] = REFUSALS,
): Promise<T | Waiting> => orCannot(act, ({ kind }) => kinds.includes(kind));

/**
 * The same of a write, which a webhook that is down keeps from its place for as long as it is down: what does not need it
 * goes on meanwhile. An API server that asks for some time gets it.
 */
export const orCannotWrite = <T>(act: () => Promise<T>): Promise<T | Waiting> =>
  orCannot(
    act,
    ({ kind, retryAfterMs }) => REFUSALS.includes(kind) || (kind === 'Unavailable' && retryAfterMs === undefined),
  );

async function orCannot<T>(
  act: () => Promise<T>,
  isObstacle: (error: KubernetesError) => boolean,
): Promise<T | Waiting> {
  try {
    return await act();
  } catch (error) {
    if (!isKubernetesError(error) || !isObstacle(error)) throw error;
    return { kind: 'Waiting', reason: 'CannotPublish', message: error.message };
  }
}

/** Why an object that is there is not written into, in the order in which nothing else would help. */
function obstacleTo(before: PublishedObject, contents: PublishedContents, index: Index): Verdict | undefined {
  const object = describeObject(contents);
  if (before.deletionTimestamp !== undefined) {
    return waiting(
      'CannotPublish',
      `${object} is being deleted, together with all that is written into it; it is created again once it is gone. If it stays, see its metadata.finalizers`,
    );
  }
  if (before.owner !== undefined) {
    const { kind, name } = before.owner;
    return stalled(
      'ObjectConflict',
      `${object} is owned by ${kind} ${name}, and is deleted together with it; it is left untouched. Name another ${contents.kind} in the spec`,
    );
  }
  if (before.immutable && !isUpToDate(before, contents)) return stalled('ObjectConflict', immutableMessage(contents));
  return ownershipConflict(before, contents, index);
}

/** Seen on a kubelet 1.37: the old content stays for new pods too, whatever becomes of the object of that name. */
const immutableMessage = (contents: PublishedContents): string =>
  `${describeObject(contents)} is immutable; name another ${contents.kind} in the spec, and have the workloads refer to that one. Deleting and recreating it does not help: while any pod on a node refers to that name, the kubelet there hands the old content to new pods`;

/** Whether the object may be written, and what it holds be taken for ours. */
export function ownershipConflict(
  before: PublishedObject,
  contents: Pick<PublishedContents, 'annotations'>,
  index: Index,
): Verdict | undefined {
  const owner = contents.annotations[annotations.managedBy] ?? '';
  const found = before.annotations[annotations.managedBy];
  if (found === owner) return undefined;
  const { kind, namespace, name } = before;
  const other = found === undefined ? undefined : publisherKey(namespace, found);
  if (other !== undefined && index.names.isPublisher(other, describeObject(before))) {
    return stalled('ObjectConflict', sharedMessage(before, other, publisherKey(namespace, owner)));
  }
  const handOver = shell`kubectl -n ${namespace} annotate ${kind.toLowerCase()} ${name} --overwrite ${annotations.managedBy}=${owner}`;
  return stalled(
    'ObjectConflict',
    `${describeObject(before)} ${whoseIs(found, other)}; it is left untouched. Hand it over with: ${handOver}`,
  );
}

function whoseIs(managedBy: string | undefined, owner: Key | undefined): string {
  if (managedBy === undefined) return 'exists and was not handed over';
  return owner === undefined
    ? `was not handed over. ${notUnderstood(annotations.managedBy, managedBy)}`
    : `belongs to the ${nameWithKind(owner)}`;
}

/** It holds all that is wanted, and no key that was published before and is not wanted any more. */
export const isUpToDate = (before: PublishedObject, contents: PublishedContents): boolean =>
  holds(before, contents) && before.ownKeys.every((key) => Object.hasOwn(contents.data, key));

const holds = (stored: StoredContents, contents: PublishedContents): boolean =>
  differences(stored, contents).length === 0;

/** What is stored in another way than it was written, or not at all. */
const differences = (stored: StoredContents, { data, labels, annotations: wanted }: PublishedContents) => [
  ...differing('data', stored.data, data, isSameBytes),
  ...differing('labels', stored.labels, labels, Object.is),
  ...differing('annotations', stored.annotations, wanted, Object.is),
];

function differing<T>(
  part: string,
  all: Readonly<Record<string, T>>,
  wanted: Readonly<Record<string, T>>,
  isSame: (one: T, other: T) => boolean,
): readonly string[] {
  return Object.entries(wanted).flatMap(([key, value]) => {
    const found = ownValue(all, key);
    return found !== undefined && isSame(found, value) ? [] : [`${part}[${key}]`];
  });
}
