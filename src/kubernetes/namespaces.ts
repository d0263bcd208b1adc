import { CoreV1Api } from '@kubernetes/client-node';
import { isKubernetesError } from '../domain/errors.ts';
import type { Namespaces } from '../reconcile/ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';
import { NamespaceWatch } from './namespace-watch.ts';

/** @param mayWatch false where there are rights in single Namespaces alone */
export function createNamespaces(client: Client, mayWatch: boolean): Namespaces {
  const core = client.api(CoreV1Api);
  const read: Namespaces['get'] = async (name) => {
    try {
      const { metadata } = await call(core.readNamespace({ name }));
      return { annotations: metadata?.annotations ?? {}, isBeingDeleted: metadata?.deletionTimestamp !== undefined };
    } catch (error) {
      if (isKubernetesError(error, 'Forbidden')) return undefined;
      throw error;
    }
  };
  const watch = new NamespaceWatch(client, { read, mayWatch });
  return { get: read, watchPermission: (by, awaited) => watch.await(by, awaited) };
}
