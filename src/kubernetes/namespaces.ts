import { CoreV1Api } from '@kubernetes/client-node';
import { isKubernetesError } from '../domain/errors.ts';
import type { Namespaces } from '../reconcile/ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';

export function createNamespaces(client: Client): Namespaces {
  const core = client.api(CoreV1Api);
  return {
    async get(name) {
      try {
        const { metadata } = await call(core.readNamespace({ name }));
        return { annotations: metadata?.annotations ?? {}, isBeingDeleted: metadata?.deletionTimestamp !== undefined };
      } catch (error) {
        if (isKubernetesError(error, 'Forbidden')) return undefined;
        throw error;
      }
    },
  };
}
