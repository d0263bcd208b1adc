import type { TestContext } from 'node:test';
import { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, VERSION } from '../../../src/domain/object.ts';
import { KIND, PLURAL } from '../../../src/domain/reset/ssl-reset.ts';
import { type Client, type ClientOptions, createClient } from '../../../src/kubernetes/client.ts';
import type { Logger } from '../../../src/reconcile/ports.ts';
import { afterwards } from '../afterwards.ts';

export function testClient(t: TestContext, kubeconfig: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ kubeconfig, requestTimeoutMs: 15_000, ...options });
  afterwards(t, () => client.close());
  return client;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL };

export async function createReset(client: Client, namespace: string, name: string): Promise<void> {
  const body = {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    metadata: { name },
    spec: { project: 'acme-prod', instance: 'orders-db' },
  };
  await client.api(CustomObjectsApi).createNamespacedCustomObject({ ...RESOURCE, namespace, body });
}

export async function deleteReset(client: Client, namespace: string, name: string): Promise<void> {
  await client.api(CustomObjectsApi).deleteNamespacedCustomObject({ ...RESOURCE, namespace, name });
}

/** A value that must be there for the test to make sense. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}
