import { AppsV1Api, PatchStrategy, setHeaderOptions, type V1Deployment } from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../domain/ssl-reset.ts';
import type { Workload } from '../domain/workload.ts';
import type { Workloads } from '../reconcile/ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';
import { identity } from './metadata.ts';
import { collect, PAGE_LIMIT } from './pages.ts';
import { podReferences } from './pod-references.ts';

const TEMPLATE_ANNOTATIONS = 'tls.cloudsql-ssl.dev/';

/** @param pageLimit how many workloads are read at a time */
export function createWorkloads(client: Client, pageLimit: number = PAGE_LIMIT): Workloads {
  const apps = client.api(AppsV1Api);
  return {
    async list(namespace, query) {
      const selection = query.by === 'Selector' ? { labelSelector: query.selector } : {};
      const { items } = await collect(
        (page) => apps.listNamespacedDeployment({ namespace, ...selection, ...page }),
        toWorkload,
        pageLimit,
      );
      return items;
    },

    async get({ namespace, name }) {
      const deployment = await find(apps.readNamespacedDeployment({ namespace, name }));
      return deployment && toWorkload(deployment);
    },

    async annotateTemplate({ namespace, name, uid, resourceVersion }, annotations, { dryRun } = { dryRun: false }) {
      // A merge patch, not an apply: with one manager, the apply of a second reset would remove the first one's key.
      const body = {
        metadata: { uid, resourceVersion },
        spec: { template: { metadata: { annotations: { ...annotations } } } },
      };
      const request = { namespace, name, body, fieldManager: FIELD_MANAGER, ...(dryRun && { dryRun: 'All' }) };
      return toWorkload(await call(apps.patchNamespacedDeployment(request, MERGE_PATCH)));
    },
  };
}

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

export function toWorkload({ metadata, spec, status }: V1Deployment): Workload {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return {
    kind: 'Deployment',
    ...identity(metadata),
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    templateAnnotations: ours(spec?.template.metadata?.annotations),
    ...podReferences(spec?.template.spec),
    generation: metadata?.generation ?? 0,
    paused: spec?.paused ?? false,
    desiredReplicas: spec?.replicas ?? 1,
    status: {
      observedGeneration: status?.observedGeneration ?? 0,
      replicas: status?.replicas ?? 0,
      updatedReplicas: status?.updatedReplicas ?? 0,
      availableReplicas: status?.availableReplicas ?? 0,
      progressingReason: progressing?.reason ?? '',
    },
  };
}

const ours = (annotations: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(TEMPLATE_ANNOTATIONS)));
