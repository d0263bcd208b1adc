import {
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1ObjectMeta,
  type V1Secret,
} from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../domain/object.ts';
import type {
  PublishedContents,
  PublishedObject,
  PublishedObjectRef,
  PublishedObjects,
  StoredContents,
} from '../reconcile/ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';
import { identity } from './metadata.ts';

const APPLY = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);

export function createPublishedObjects(client: Client): PublishedObjects {
  const core = client.api(CoreV1Api);

  const read = ({ kind, namespace, name }: PublishedObjectRef): Promise<V1Secret | V1ConfigMap> =>
    kind === 'Secret'
      ? core.readNamespacedSecret({ namespace, name })
      : core.readNamespacedConfigMap({ namespace, name });

  return {
    async get(ref) {
      const object = await find(read(ref));
      return object && toPublishedObject(ref.kind, object);
    },

    async apply(contents, { before, dryRun }) {
      const { kind, namespace, name } = contents;
      const request = {
        namespace,
        name,
        body: toBody(contents, before),
        fieldManager: FIELD_MANAGER,
        // Under the version that was read nothing is taken from somebody who was faster.
        force: before !== undefined,
        ...(dryRun && { dryRun: 'All' }),
      };
      const applied = await call<V1Secret | V1ConfigMap>(
        kind === 'Secret' ? core.patchNamespacedSecret(request, APPLY) : core.patchNamespacedConfigMap(request, APPLY),
      );
      return toContents(kind, applied);
    },
  };
}

const CREATE_ONLY = { resourceVersion: '1' };

/**
 * The uid goes with the resourceVersion: under a resourceVersion alone, the apply of an object that is gone creates it.
 * So one that no object has creates, and conflicts with whatever is there by then.
 */
function toBody(
  { kind, name, namespace, labels, annotations, data }: PublishedContents,
  before: PublishedObject | undefined,
): V1Secret | V1ConfigMap {
  const fence = before === undefined ? CREATE_ONLY : { uid: before.uid, resourceVersion: before.resourceVersion };
  const metadata = { name, namespace, labels: { ...labels }, annotations: { ...annotations }, ...fence };
  const object = { apiVersion: 'v1', kind, metadata };
  return kind === 'Secret'
    ? { ...object, type: before?.type ?? 'Opaque', data: mapValues(data, encode) }
    : { ...object, data: { ...data } };
}

function toPublishedObject(kind: PublishedObject['kind'], object: V1Secret | V1ConfigMap): PublishedObject {
  const { metadata, immutable } = object;
  return {
    kind,
    ...identity(metadata),
    immutable: immutable ?? false,
    ...typeOf(object),
    ...ending(metadata),
    ...toContents(kind, object),
  };
}

/** Of a dry run that makes an object there is no more: it has no resourceVersion. */
const toContents = (kind: PublishedObject['kind'], { metadata, data }: V1Secret | V1ConfigMap): StoredContents => ({
  labels: metadata?.labels ?? {},
  annotations: metadata?.annotations ?? {},
  data: kind === 'Secret' ? mapValues(data ?? {}, decode) : (data ?? {}),
});

const typeOf = (object: V1Secret | V1ConfigMap): Pick<PublishedObject, 'type'> =>
  'type' in object && object.type !== undefined ? { type: object.type } : {};

/** How it ends, or will: an owner that is no controller takes it along just the same. */
function ending({ ownerReferences = [], deletionTimestamp }: V1ObjectMeta = {}) {
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
  return {
    ...(owner !== undefined && { owner: { kind: owner.kind, name: owner.name } }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp: new Date(deletionTimestamp).toISOString() }),
  };
}

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

const mapValues = (
  entries: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> => Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value)]));
