import { CoreV1Api } from '@kubernetes/client-node';
import { isKubernetesError } from '../domain/errors.ts';
import type { Namespaces } from '../reconcile/ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';
import { NamespaceWatch, type NamespaceWatchOptions } from './namespace-watch.ts';

export function createNamespaces(client: Client, options: NamespaceWatchOptions): Namespaces {
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
  const watch = new NamespaceWatch(client, read, options);
  return { get: read, ask: (by, question) => watch.ask(by, question) };
}
