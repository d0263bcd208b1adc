/** What a pass needs of the workloads that it rolls, and of their pods. Adapters implement these; tests fake them. */
import type { WorkloadKind } from '../domain/trust/distribution.ts';
import type { Pod } from '../domain/trust/pod.ts';
import type { TemplateAnnotations, Workload, WorkloadRef } from '../domain/trust/workload.ts';
import type { Key } from '../lib/key.ts';

interface OfKinds {
  /** No others are asked for; of one that the API server does not know there are none. */
  readonly kinds: readonly WorkloadKind[];
}

/** Those of the namespace that are wanted, picked as they are read. */
interface ByNamespace extends OfKinds {
  readonly by: 'Namespace';
  readonly isWanted: (workload: Workload) => boolean;
}

/** Those whose labels match a selector in the API server's syntax. */
interface BySelector extends OfKinds {
  readonly by: 'Selector';
  readonly selector: string;
}

export type WorkloadQuery = ByNamespace | BySelector;

/** Workloads that an object waits for while they roll. */
export interface AwaitedRoll {
  readonly namespace: string;
  /** As they were read or written last; none: nothing is waited for any more. */
  readonly workloads: readonly Workload[];
  /** A label selector that all of them match, in the API server's syntax. */
  readonly selector?: string;
  readonly isSettled: (workload: Workload) => boolean;
  /** Called as one after the other settles or goes, with how many are left. */
  readonly onSettled: (left: number) => void;
}

/** Every method may throw a KubernetesError. */
export interface Workloads {
  /** Read page by page; what is not asked for, or no part of a `Workload`, is dropped on arrival. */
  list(namespace: string, query: WorkloadQuery): Promise<readonly Workload[]>;
  get(ref: WorkloadRef): Promise<Workload | undefined>;
  /**
   * Watches workloads while they roll, in place of those that the same object waited for before, until it waits for none
   * or has not asked for some seconds. It throws nothing and promises nothing: without the right to watch, or with too
   * many watches open, nobody is called, and who waits looks by itself.
   */
  watchRoll(by: Key, roll: AwaitedRoll): void;
  /**
   * Sets these annotations of the pod template and touches nothing else, by merge patch under uid and resourceVersion of `workload`.
   * With `dryRun` the API server judges it and stores nothing. Answers the workload as it is, or would be, stored: admission
   * may have changed it.
   */
  annotateTemplate(
    workload: Workload,
    annotations: TemplateAnnotations,
    options?: { readonly dryRun: boolean },
  ): Promise<Workload>;
}

/** Every method may throw a KubernetesError. */
export interface Pods {
  /** The pods that the workload selects; others may be among them. */
  list(workload: Workload): Promise<readonly Pod[]>;
  /**
   * Sets these annotations of the pod and touches nothing else, by merge patch under its uid. With `dryRun` the API server
   * judges it and stores nothing. Answers the pod as it is, or would be, stored.
   * @throws KubernetesError `Conflict` when another pod has its name, `NotFound` when it is gone
   */
  annotate(
    pod: Pod,
    annotations: Readonly<Record<string, string>>,
    options?: { readonly dryRun: boolean },
  ): Promise<Pod>;
  /**
   * Deletes it as its controller would, under its uid and resourceVersion.
   * @throws KubernetesError `Conflict` when it changed, `NotFound` when it is gone
   */
  delete(pod: Pod): Promise<void>;
}
