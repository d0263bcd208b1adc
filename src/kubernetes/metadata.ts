import type { V1ObjectMeta } from '@kubernetes/client-node';
import { annotations, type Metadata } from '../domain/object.ts';
import type { OtherObject } from '../domain/trust/workload.ts';
import { arrayAt, numberAt, objectAt, textAt, textsAt } from '../lib/json.ts';

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What the API server sets on every namespaced object, although the client's types call it optional. */
export function identity({ namespace, name, uid, resourceVersion }: V1ObjectMeta = {}): Identity {
  if (!namespace || !name || !uid || !resourceVersion) throw new TypeError('an object without identity');
  return { namespace, name, uid, resourceVersion };
}

/** What an object names of another one, as JSON. */
export const toOther = (reference: unknown): OtherObject => ({
  kind: textAt(reference, 'kind'),
  name: textAt(reference, 'name'),
});

/** That of an object of ours, as JSON; absent annotations are empty. Undefined where it is none. */
export function parseMetadata(metadata: unknown): Metadata | undefined {
  const [namespace, name, uid, resourceVersion] = ['namespace', 'name', 'uid', 'resourceVersion'].map((key) =>
    textAt(metadata, key),
  );
  const generation = numberAt(metadata, 'generation');
  if (!namespace || !name || !uid || !resourceVersion || generation === undefined) return undefined;
  const creationTimestamp = textAt(metadata, 'creationTimestamp');
  const deletionTimestamp = textAt(metadata, 'deletionTimestamp');
  const labels = textsAt(metadata, 'labels');
  const own = textsAt(metadata, 'annotations');
  const approvalManager = annotations.approve in own ? managerOf(metadata, annotations.approve) : '';
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    generation,
    annotations: own,
    ...(approvalManager !== '' && { approvalManager }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(creationTimestamp !== '' && { creationTimestamp }),
    ...(deletionTimestamp !== '' && { deletionTimestamp }),
  };
}

/** The field manager that set an annotation last; '' where none is known. */
function managerOf(metadata: unknown, annotation: string): string {
  const writers = arrayAt(metadata, 'managedFields').filter((entry) => {
    const fields = objectAt(objectAt(objectAt(entry, 'fieldsV1'), 'f:metadata'), 'f:annotations');
    return textAt(entry, 'subresource') === '' && `f:${annotation}` in fields;
  });
  const [last] = writers.toSorted((a, b) => (textAt(a, 'time') < textAt(b, 'time') ? 1 : -1));
  return textAt(last, 'manager').slice(0, 128).toWellFormed();
}
