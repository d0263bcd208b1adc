import { CustomObjectsApi } from '@kubernetes/client-node';
import { KubernetesError } from '../domain/errors.ts';
import { FIELD_MANAGER, GROUP, type Metadata, VERSION } from '../domain/object.ts';
import type { ObjectRef } from '../reconcile/ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';

/** A kind of objects of our group. */
interface OwnKind<T> {
  readonly kind: string;
  readonly plural: string;
  /** Undefined where the object is none that the CRD of this version allows. */
  readonly parse: (object: unknown) => T | undefined;
}

interface CustomObjects<T, S> {
  get(ref: ObjectRef): Promise<T | undefined>;
  updateStatus(object: T, status: S): Promise<T>;
}

/** Reads objects of the kind, and replaces their status. */
export function createCustomObjects<T extends { readonly metadata: Metadata; readonly status: S }, S extends object>(
  client: Client,
  { kind, plural, parse }: OwnKind<T>,
): CustomObjects<T, S> {
  const custom = client.api(CustomObjectsApi);
  const resource = { group: GROUP, version: VERSION, plural };
  const checked = (object: unknown): T => {
    const parsed = parse(object);
    if (parsed !== undefined) return parsed;
    throw new KubernetesError({
      kind: 'Refused',
      message: `the ${kind} does not fit ${VERSION}: is the CRD of this version installed?`,
    });
  };
  return {
    async get(ref) {
      const object: unknown = await find(custom.getNamespacedCustomObject({ ...resource, ...ref }));
      return object === undefined ? undefined : checked(object);
    },

    async updateStatus({ metadata: { namespace, name, uid, resourceVersion } }, status) {
      // The uid is a precondition of its own: a name that was taken again is a conflict. Only the status is stored.
      const metadata = { namespace, name, uid, resourceVersion };
      const body = { apiVersion: `${GROUP}/${VERSION}`, kind, metadata, status };
      const object: unknown = await call(
        custom.replaceNamespacedCustomObjectStatus({ ...resource, namespace, name, body, fieldManager: FIELD_MANAGER }),
      );
      return checked(object);
    },
  };
}
