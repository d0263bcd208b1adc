import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import type { Pod } from '../domain/trust/unready-pods.ts';
import type { Pods } from '../reconcile/ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';
import { identity } from './metadata.ts';
import { collect } from './pages.ts';

/** Set by the controllers of StatefulSets and DaemonSets. */
const REVISION = 'controller-revision-hash';

export function createPods(client: Client): Pods {
  const core = client.api(CoreV1Api);
  return {
    async list({ namespace, podSelector }) {
      // An empty selector is one of every pod.
      if (podSelector === '') return [];
      const { items } = await collect(
        (page) => core.listNamespacedPod({ namespace, labelSelector: podSelector, ...page }),
        toPod,
      );
      return items;
    },

    async delete({ namespace, name, uid, resourceVersion }) {
      await call(core.deleteNamespacedPod({ namespace, name, body: { preconditions: { uid, resourceVersion } } }));
    },
  };
}

function toPod({ metadata, status }: V1Pod): Pod {
  const { labels = {}, ownerReferences = [], deletionTimestamp } = metadata ?? {};
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    ...identity(metadata),
    ownerUid: ownerReferences.find(({ controller }) => controller === true)?.uid ?? '',
    revision: labels[REVISION] ?? '',
    isReady: ready?.status === 'True',
    readinessTime: ready?.lastTransitionTime === undefined ? '' : new Date(ready.lastTransitionTime).toISOString(),
    isBeingDeleted: deletionTimestamp !== undefined,
    isOver: status?.phase === 'Failed' || status?.phase === 'Succeeded',
  };
}
