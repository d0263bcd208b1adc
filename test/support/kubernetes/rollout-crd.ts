import type { Cluster } from '../../cluster/cluster.ts';
import { untilEstablished } from '../../cluster/established.ts';
import { PATIENCE_MS } from '../patience.ts';

const NAME = 'rollouts.argoproj.io';

/** As much of Argo's CRD as its users see of it; there is no controller, so each test plays it. */
const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: NAME },
  spec: {
    group: 'argoproj.io',
    scope: 'Namespaced',
    names: { kind: 'Rollout', plural: 'rollouts', singular: 'rollout' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Makes sure that the cluster has Argo Rollouts' CRD. It stays: tests run side by side, and none needs it to be absent. */
export async function installRolloutCrd({ kubectl }: Pick<Cluster, 'kubectl'>): Promise<void> {
  // Two tests may find at once that there is none.
  await kubectl(['create', '-f', '-'], JSON.stringify(CRD)).catch((error: unknown) => {
    if (!String(error).includes('AlreadyExists')) throw error;
  });
  await untilEstablished(kubectl, NAME);
  // It is served some time after it is established, and nothing says when.
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!(await isServed(kubectl))) signal.throwIfAborted();
}

export const removeRolloutCrd = async ({ kubectl }: Pick<Cluster, 'kubectl'>): Promise<void> => {
  await kubectl(['delete', 'crd', NAME, '--ignore-not-found']);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (await isServed(kubectl)) signal.throwIfAborted();
};

/** By the path itself: what kubectl knows of kinds is a cache. */
const isServed = (kubectl: Cluster['kubectl']): Promise<boolean> =>
  kubectl(['get', '--raw', '/apis/argoproj.io/v1alpha1/rollouts']).then(
    () => true,
    () => false,
  );
