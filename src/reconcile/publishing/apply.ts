/** How an object is published: only where it may be, only what is not there yet, and just as it was written. */
import { stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, type KubernetesErrorKind } from '../../domain/errors.ts';
import { notUnderstood } from '../../domain/not-understood.ts';
import { annotations } from '../../domain/object.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { refOf } from '../../lib/key.ts';
import { shell } from '../../lib/shell.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents, PublishedObject, StoredContents } from '../ports.ts';
import { publisherKey } from '../publications.ts';

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
  if (before !== undefined && holds(before, contents)) return undefined;
  const stored = await objects.apply(contents, { before, dryRun });
  return holds(stored, contents) ? undefined : changedByAdmission(stored, contents);
}

/** What the API server takes and stores as something else is not published. */
function changedByAdmission(stored: StoredContents, contents: PublishedContents): Verdict {
  const parts = (['data', 'labels', 'annotations'] as const).flatMap((part) =>
    Object.keys(contents[part])
      .filter((key) => stored[part][key] !== contents[part][key])
      .map((key) => `${part}[${key}]`),
  );
  return waiting(
    'CannotPublish',
    `${describeObject(contents)} is not stored as it was written: an admission webhook or policy changes ${parts.join(', ')}. Make an exception for it; to list webhooks and policies: ${MUTATING}`,
  );
}

/** Lists whatever may change what the operator writes. */
export const MUTATING = shell`kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies`;

type Publishing = Pick<Context, 'objects' | 'index'>;
type Index = Context['index'];

/** Two objects that took turns in one Secret would give the applications the CA of another instance. */
export function rivalConflict(contents: PublishedContents, index: Index): Verdict | undefined {
  const object = describeObject(contents);
  const rival = index.rivalOf(publisherOf(contents), object);
  return rival === undefined ? undefined : stalled('ObjectConflict', sharedMessage(contents, refOf(rival).name));
}

const publisherOf = ({ namespace, annotations: own }: Pick<PublishedContents, 'namespace' | 'annotations'>) =>
  publisherKey(namespace, own[annotations.managedBy] ?? '');

const sharedMessage = (contents: Pick<PublishedContents, 'kind' | 'name'>, other: string): string =>
  `${describeObject(contents)} is also named by the CloudSqlSslReset ${other}, which takes precedence; it is left untouched. Name another ${contents.kind} in the spec of one of them`;

type Waiting = Extract<Verdict, { kind: 'Waiting' }>;

/** What an admission webhook or RBAC refuses must be put right by somebody; the rest may pass by itself. */
export async function orCannotPublish<T>(
  act: () => Promise<T>,
  kinds: readonly KubernetesErrorKind[] = ['Forbidden', 'Refused'],
): Promise<T | Waiting> {
  try {
    return await act();
  } catch (error) {
    if (isKubernetesError(error, ...kinds)) {
      return { kind: 'Waiting', reason: 'CannotPublish', message: error.message };
    }
    throw error;
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
  if (before.immutable && !holds(before, contents)) return stalled('ObjectConflict', immutableMessage(contents));
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
  if (
    found !== undefined &&
    isName(found) &&
    index.isPublisher(publisherKey(namespace, found), describeObject(before))
  ) {
    return stalled('ObjectConflict', sharedMessage(before, found));
  }
  const handOver = shell`kubectl -n ${namespace} annotate ${kind.toLowerCase()} ${name} --overwrite ${annotations.managedBy}=${owner}`;
  return stalled(
    'ObjectConflict',
    `${describeObject(before)} ${whoseIs(found)}; it is left untouched. Hand it over with: ${handOver}`,
  );
}

const isName = (text: string): boolean => /^[a-z0-9.-]+$/.test(text);

function whoseIs(owner: string | undefined): string {
  if (owner === undefined) return 'exists and was not handed over';
  return isName(owner)
    ? `belongs to the CloudSqlSslReset ${owner}`
    : `was not handed over. ${notUnderstood(annotations.managedBy, owner)}`;
}

const holds = (before: StoredContents, { data, labels, annotations: wanted }: PublishedContents): boolean =>
  includes(before.data, data) && includes(before.labels, labels) && includes(before.annotations, wanted);

const includes = (all: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => all[key] === value);
