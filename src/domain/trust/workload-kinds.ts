/**
 * What is known of each kind of workload. The CRD names the kinds: one that it names and this table does not is refused
 * by the compiler, and so is one that `kubernetes/workload-parts.ts` cannot read. A unit test compares the chart and the
 * docs with this table.
 */

import type { WorkloadKind } from './distribution.ts';
import type { Health } from './health.ts';
import { daemonSetHealth, deploymentHealth, rolloutHealth, statefulSetHealth } from './kind-health.ts';
import { ARGO, KUBECTL, type RollCommands } from './roll-commands.ts';
import type { Workload } from './workload.ts';

interface KnownKind {
  readonly group: string;
  readonly version: string;
  /** Its resource in the API. */
  readonly plural: string;
  /** How its controller fares, once it has seen the change. */
  readonly health: (workload: Workload) => Health;
  readonly commands: RollCommands;
  /** Its pods are those of a ReplicaSet that it makes of each template; else its own. */
  readonly hasReplicaSets: boolean;
}

const APPS = { group: 'apps', version: 'v1', commands: KUBECTL } as const;

export const WORKLOAD_KINDS: Readonly<Record<WorkloadKind, KnownKind>> = {
  Deployment: { ...APPS, plural: 'deployments', health: deploymentHealth, hasReplicaSets: true },
  StatefulSet: { ...APPS, plural: 'statefulsets', health: statefulSetHealth, hasReplicaSets: false },
  DaemonSet: { ...APPS, plural: 'daemonsets', health: daemonSetHealth, hasReplicaSets: false },
  Rollout: {
    group: 'argoproj.io',
    version: 'v1alpha1',
    plural: 'rollouts',
    health: rolloutHealth,
    commands: ARGO,
    hasReplicaSets: true,
  },
};

export const apiVersionOf = (kind: WorkloadKind): string =>
  `${WORKLOAD_KINDS[kind].group}/${WORKLOAD_KINDS[kind].version}`;

const isKind = (name: string): name is WorkloadKind => Object.hasOwn(WORKLOAD_KINDS, name);

export const workloadKinds: readonly WorkloadKind[] = Object.keys(WORKLOAD_KINDS).filter(isKind);
