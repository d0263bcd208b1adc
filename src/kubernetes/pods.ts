import { CoreV1Api, PatchStrategy, setHeaderOptions, type V1Pod } from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../domain/object.ts';
import { POD_ANNOTATIONS, type Pod } from '../domain/trust/pod.ts';
import type { Pods } from '../reconcile/workload-ports.ts';
import { call } from './api-error.ts';
import type { Client } from './client.ts';
import { identity } from './metadata.ts';
import { collect } from './pages.ts';

/** Set by the controllers of StatefulSets and DaemonSets. */
const REVISION = 'controller-revision-hash';
/** Set by those of Deployments and Argo Rollouts. */
const TEMPLATE_HASHES = ['pod-template-hash', 'rollouts-pod-template-hash'] as const;

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

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

    async annotate({ namespace, name, uid }, annotations, options = { dryRun: false }) {
      const body = { metadata: { uid, annotations: { ...annotations } } };
      const dryRun = options.dryRun ? { dryRun: 'All' } : {};
      const request = { namespace, name, body, fieldManager: FIELD_MANAGER, ...dryRun };
      return toPod(await call(core.patchNamespacedPod(request, MERGE_PATCH)));
    },

    async delete({ namespace, name, uid, resourceVersion }) {
      await call(core.deleteNamespacedPod({ namespace, name, body: { preconditions: { uid, resourceVersion } } }));
    },
  };
}

function toPod({ metadata, status }: V1Pod): Pod {
  const { labels = {}, annotations = {}, ownerReferences = [], creationTimestamp, deletionTimestamp } = metadata ?? {};
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const owner = ownerReferences.find(({ controller }) => controller === true);
  return {
    ...identity(metadata),
    ownerUid: owner?.uid ?? '',
    ownerName: owner?.name ?? '',
    revision: labels[REVISION] ?? '',
    templateHash: TEMPLATE_HASHES.flatMap((label) => labels[label] ?? [])[0] ?? '',
    createdTime: timeText(creationTimestamp),
    told: Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(POD_ANNOTATIONS))),
    isReady: ready?.status === 'True',
    readinessTime: timeText(ready?.lastTransitionTime),
    isBeingDeleted: deletionTimestamp !== undefined,
    isOver: status?.phase === 'Failed' || status?.phase === 'Succeeded',
  };
}

const timeText = (time: Date | undefined): string => (time === undefined ? '' : new Date(time).toISOString());
