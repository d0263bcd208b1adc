import { CustomObjectsApi } from '@kubernetes/client-node';
import { KubernetesError } from '../domain/errors.ts';
import { FIELD_MANAGER, GROUP, VERSION } from '../domain/object.ts';
import { KIND, PLURAL, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { SslResets } from '../reconcile/ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';
import { parseSslReset } from './ssl-reset-object.ts';

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL } as const;

export function createSslResets(client: Client): SslResets {
  const custom = client.api(CustomObjectsApi);
  return {
    async get(ref) {
      const object: unknown = await find(custom.getNamespacedCustomObject({ ...RESOURCE, ...ref }));
      return object === undefined ? undefined : checked(object);
    },

    async updateStatus({ metadata: { namespace, name, uid, resourceVersion } }, status) {
      // The uid is a precondition of its own: a name that was taken again is a conflict. Only the status is stored.
      const body = {
        apiVersion: `${GROUP}/${VERSION}`,
        kind: KIND,
        metadata: { namespace, name, uid, resourceVersion },
        status,
      };
      const object: unknown = await call(
        custom.replaceNamespacedCustomObjectStatus({ ...RESOURCE, namespace, name, body, fieldManager: FIELD_MANAGER }),
      );
      return checked(object);
    },
  };
}

function checked(object: unknown): SslReset {
  const reset = parseSslReset(object);
  if (reset !== undefined) return reset;
  throw new KubernetesError({
    kind: 'Refused',
    message: `the ${KIND} does not fit ${VERSION}: is the CRD of this version installed?`,
  });
}
