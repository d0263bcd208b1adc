import { isUtf8 } from 'node:buffer';
import {
  CoreV1Api,
  type CoreV1ApiPatchNamespacedConfigMapRequest,
  type CoreV1ApiPatchNamespacedSecretRequest,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1ManagedFieldsEntry,
  type V1ObjectMeta,
  type V1Secret,
} from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../domain/object.ts';
import type { PublishedKind } from '../domain/trust/published-kinds.ts';
import { textOf, utf8 } from '../lib/bytes.ts';
import { objectAt } from '../lib/json.ts';
import type {
  ObjectData,
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
  /** Its fields that hold the keys. */
  readonly fields: (data: ObjectData) => Fields;
  readonly data: (fields: Fields) => ObjectData;
  /** What a new one has besides. */
  readonly defaults?: { readonly type: string };
}

/** The fields of an object in which the API server keeps its keys; no key is in both. */
interface Fields {
  readonly data?: Record<string, string>;
  /** In base64. */
  readonly binaryData?: Record<string, string>;
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const fromBase64 = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const KINDS: Readonly<Record<PublishedKind, KindOfObject>> = {
  Secret: {
    read: (core, ref) => core.readNamespacedSecret(ref),
    patch: (core, request) => core.patchNamespacedSecret(request, APPLY),
    fields: (data) => ({ data: mapValues(data, toBase64) }),
    data: ({ data = {} }) => mapValues(data, fromBase64),
    defaults: { type: 'Opaque' },
  },
  ConfigMap: {
    read: (core, ref) => core.readNamespacedConfigMap(ref),
    patch: (core, request) => core.patchNamespacedConfigMap(request, APPLY),
    // As kubectl does it: `data` takes nothing but UTF-8.
    fields(data) {
      const [texts, binaries] = [picked(data, isUtf8), picked(data, (bytes) => !isUtf8(bytes))];
      return {
        data: mapValues(texts, textOf),
        ...(Object.keys(binaries).length > 0 && { binaryData: mapValues(binaries, toBase64) }),
      };
    },
    data: ({ data = {}, binaryData = {} }) => ({ ...mapValues(data, utf8), ...mapValues(binaryData, fromBase64) }),
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
  { kind, name, namespace, type, labels, annotations, data }: PublishedContents,
  before: PublishedObject | undefined,
): Stored {
  const fence = before === undefined ? CREATE_ONLY : { uid: before.uid, resourceVersion: before.resourceVersion };
  const metadata = { name, namespace, labels: { ...labels }, annotations: { ...annotations }, ...fence };
  const { defaults, fields } = KINDS[kind];
  return { apiVersion: 'v1', kind, metadata, ...defaults, ...typeOf({ type }), ...typeOf(before), ...fields(data) };
}

function toPublishedObject(kind: PublishedObject['kind'], object: Stored): PublishedObject {
  const { metadata, immutable } = object;
  return {
    kind,
    ...identity(metadata),
    immutable: immutable ?? false,
    ...typeOf(object),
    ...ending(metadata),
    ...publishing(metadata),
    ...editing(metadata),
    ...toContents(kind, object),
    ownKeys: ownKeys(metadata),
  };
}

/** As the API server has noted who set which field: an apply without one of these removes it. */
function ownKeys({ managedFields = [] }: V1ObjectMeta = {}): readonly string[] {
  return managedFields.filter(isApply).flatMap(keysOf);
}

function keysOf({ fieldsV1 }: V1ManagedFieldsEntry): readonly string[] {
  const fields = [objectAt(fieldsV1, 'f:data'), objectAt(fieldsV1, 'f:binaryData')];
  return fields.flatMap((one) => Object.keys(one).flatMap((key) => (key.startsWith('f:') ? [key.slice(2)] : [])));
}

const isApply = ({ manager, operation }: V1ManagedFieldsEntry): boolean =>
  manager === FIELD_MANAGER && operation === 'Apply';

/** An apply that changes nothing leaves the time as it is. */
function publishing({ managedFields = [] }: V1ObjectMeta = {}): Pick<PublishedObject, 'publishedTime'> {
  const time = managedFields.find(isApply)?.time;
  return time === undefined ? {} : { publishedTime: new Date(time).toISOString() };
}

function editing({ managedFields = [] }: V1ObjectMeta = {}): Pick<PublishedObject, 'editedBy'> {
  const [last] = managedFields
    .filter((entry) => entry.manager !== FIELD_MANAGER && keysOf(entry).length > 0)
    .toSorted((a, b) => millisOf(b) - millisOf(a));
  return last?.manager === undefined ? {} : { editedBy: last.manager };
}

const millisOf = ({ time }: V1ManagedFieldsEntry): number => (time === undefined ? 0 : new Date(time).getTime());

/** Of a dry run that makes an object there is no more: it has no resourceVersion. */
const toContents = (kind: PublishedObject['kind'], object: Stored): StoredContents => ({
  labels: object.metadata?.labels ?? {},
  annotations: object.metadata?.annotations ?? {},
  data: KINDS[kind].data(object),
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

const mapValues = <T, U>(entries: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value)]));

const picked = (data: ObjectData, isWanted: (bytes: Uint8Array) => boolean): ObjectData =>
  Object.fromEntries(Object.entries(data).filter(([, bytes]) => isWanted(bytes)));
