import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { isKubernetesError } from '../domain/errors.ts';
import { FIELD_MANAGER } from '../domain/object.ts';
import type { WorkloadKind } from '../domain/trust/distribution.ts';
import type { Workload } from '../domain/trust/workload.ts';
import { WORKLOAD_KINDS } from '../domain/trust/workload-kinds.ts';
import type { WorkloadQuery, Workloads } from '../reconcile/workload-ports.ts';
import { call, find } from './api-error.ts';
import type { Client } from './client.ts';
import { collect, PAGE_LIMIT, toPage } from './pages.ts';
import { RollWatches } from './roll-watches.ts';
import { toWorkload } from './workload-object.ts';

/** Every kind is read as JSON in the same way: what client-node has classes for, and what it has none for. */
function resourceOf(kind: WorkloadKind): { readonly group: string; readonly version: string; readonly plural: string } {
  const { group, version, plural } = WORKLOAD_KINDS[kind];
  return { group, version, plural };
}

/** @param pageLimit how many workloads are read at a time */
export function createWorkloads(client: Client, pageLimit: number = PAGE_LIMIT): Workloads {
  const custom = client.api(CustomObjectsApi);
  const rolls = new RollWatches(client);

  const listKind = async (
    kind: WorkloadKind,
    namespace: string,
    query: WorkloadQuery,
  ): Promise<readonly Workload[]> => {
    const selection = query.by === 'Selector' ? { labelSelector: query.selector } : {};
    const isWanted = query.by === 'Namespace' ? query.isWanted : () => true;
    const { items } = await collect(
      async (page) =>
        toPage(await custom.listNamespacedCustomObject({ ...resourceOf(kind), namespace, ...selection, ...page })),
      (object) => {
        const workload = toWorkload(kind, object);
        return isWanted(workload) ? workload : undefined;
      },
      pageLimit,
    );
    return items;
  };

  return {
    async list(namespace, query) {
      const lists = query.kinds.map((kind) => noneWhereUnknown(listKind(kind, namespace, query)));
      return (await Promise.all(lists)).flat();
    },

    async get({ kind, namespace, name }) {
      const object: unknown = await find(custom.getNamespacedCustomObject({ ...resourceOf(kind), namespace, name }));
      return object === undefined ? undefined : toWorkload(kind, object);
    },

    watchRoll: (by, roll) => rolls.await(by, roll),

    async annotateTemplate({ kind, namespace, name, uid, resourceVersion }, annotations, options = { dryRun: false }) {
      // A merge patch, not an apply: with one manager, the apply of a second reset would remove the first one's key.
      const body = {
        metadata: { uid, resourceVersion },
        spec: { template: { metadata: { annotations: { ...annotations } } } },
      };
      const dryRun = options.dryRun ? { dryRun: 'All' } : {};
      const request = { ...resourceOf(kind), namespace, name, body, fieldManager: FIELD_MANAGER, ...dryRun };
      const object: unknown = await call(custom.patchNamespacedCustomObject(request, MERGE_PATCH));
      return toWorkload(kind, object);
    },
  };
}

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** The CRD of a kind may be installed any time, so nobody remembers that it was not: the list itself shows it. */
async function noneWhereUnknown(list: Promise<readonly Workload[]>): Promise<readonly Workload[]> {
  try {
    return await list;
  } catch (error) {
    if (isKubernetesError(error, 'NotFound')) return [];
    throw error;
  }
}
