import {
  CoreV1Api,
  type CoreV1ApiPatchNamespacedConfigMapRequest,
  type CoreV1ApiPatchNamespacedSecretRequest,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1ObjectMeta,
  type V1Secret,
} from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../domain/object.ts';
import type { PublishedKind } from '../domain/trust/published-kinds.ts';
import type {
  ObjectRef,
  PublishedContents,
  PublishedObject,
  PublishedObjects,
  StoredContents,
} from '../reconcile/ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';
import { identity } from './metadata.ts';

const APPLY = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);

type Stored = V1Secret | V1ConfigMap;
type PatchRequest = CoreV1ApiPatchNamespacedSecretRequest & CoreV1ApiPatchNamespacedConfigMapRequest;

interface KindOfObject {
  readonly read: (core: CoreV1Api, ref: ObjectRef) => Promise<Stored>;
  readonly patch: (core: CoreV1Api, request: PatchRequest) => Promise<Stored>;
  /** Between text and what `data` holds. */
  readonly encode: (text: string) => string;
  readonly decode: (data: string) => string;
  /** What a new one has besides. */
  readonly defaults?: { readonly type: string };
}

const asIs = (text: string): string => text;

const KINDS: Readonly<Record<PublishedKind, KindOfObject>> = {
  Secret: {
    read: (core, ref) => core.readNamespacedSecret(ref),
    patch: (core, request) => core.patchNamespacedSecret(request, APPLY),
    encode: (text) => Buffer.from(text, 'utf8').toString('base64'),
    decode: (base64) => Buffer.from(base64, 'base64').toString('utf8'),
    defaults: { type: 'Opaque' },
  },
  ConfigMap: {
    read: (core, ref) => core.readNamespacedConfigMap(ref),
    patch: (core, request) => core.patchNamespacedConfigMap(request, APPLY),
    encode: asIs,
    decode: asIs,
  },
};

export function createPublishedObjects(client: Client): PublishedObjects {
  const core = client.api(CoreV1Api);

  return {
    async get({ kind, namespace, name }) {
      const object = await find(KINDS[kind].read(core, { namespace, name }));
      return object && toPublishedObject(kind, object);
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
      return toContents(kind, await call(KINDS[kind].patch(core, request)));
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
): Stored {
  const fence = before === undefined ? CREATE_ONLY : { uid: before.uid, resourceVersion: before.resourceVersion };
  const metadata = { name, namespace, labels: { ...labels }, annotations: { ...annotations }, ...fence };
  const { defaults, encode } = KINDS[kind];
  return { apiVersion: 'v1', kind, metadata, ...defaults, ...typeOf(before), data: mapValues(data, encode) };
}

function toPublishedObject(kind: PublishedObject['kind'], object: Stored): PublishedObject {
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
const toContents = (kind: PublishedObject['kind'], { metadata, data }: Stored): StoredContents => ({
  labels: metadata?.labels ?? {},
  annotations: metadata?.annotations ?? {},
  data: mapValues(data ?? {}, KINDS[kind].decode),
});

const typeOf = (object: object = {}): Pick<PublishedObject, 'type'> =>
  'type' in object && typeof object.type === 'string' ? { type: object.type } : {};

/** How it ends, or will: an owner that is no controller takes it along just the same. */
function ending({ ownerReferences = [], deletionTimestamp }: V1ObjectMeta = {}) {
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
  return {
    ...(owner !== undefined && { owner: { kind: owner.kind, name: owner.name } }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp: new Date(deletionTimestamp).toISOString() }),
  };
}

const mapValues = (
  entries: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> => Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value)]));
