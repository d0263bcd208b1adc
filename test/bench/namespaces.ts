import { CoreV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { annotations, GROUP, VERSION } from '../../src/domain/object.ts';
import { PLURAL } from '../../src/domain/reset/ssl-reset.ts';
import type { Lab } from './lab.ts';
import { forEach } from './resets.ts';

export async function createNamespaces(lab: Lab, names: readonly string[]): Promise<void> {
  const core = lab.client.api(CoreV1Api);
  await forEach(names, 20, (name) => core.createNamespace({ body: { metadata: { name } } }));
}

/** At once: the controller would need many minutes for thousands. Without finalizers it does nothing for them. */
export async function deleteNamespaces(lab: Lab, names: readonly string[]): Promise<void> {
  const core = lab.client.api(CoreV1Api);
  await forEach(names, 20, async (name) => {
    await core.replaceNamespaceFinalize({ name, body: { metadata: { name }, spec: { finalizers: [] } } });
    // The first marks it, the second removes it.
    await core.deleteNamespace({ name });
    await core.deleteNamespace({ name });
  });
}

export async function deleteResets(lab: Lab, namespaces: readonly string[]): Promise<void> {
  const custom = lab.client.api(CustomObjectsApi);
  const resource = { group: GROUP, version: VERSION, plural: PLURAL };
  await forEach(namespaces, 20, (namespace) =>
    custom.deleteCollectionNamespacedCustomObject({ ...resource, namespace }),
  );
}

export async function allowInstances(lab: Lab, namespace: string, pattern: string): Promise<void> {
  const core = lab.client.api(CoreV1Api);
  const { metadata, ...rest } = await core.readNamespace({ name: namespace });
  const allowed = { ...metadata?.annotations, [annotations.allowedInstances]: pattern };
  await core.replaceNamespace({ name: namespace, body: { ...rest, metadata: { ...metadata, annotations: allowed } } });
}
