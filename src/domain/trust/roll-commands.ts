/** Commands with which a person goes on where the operator does not. */
import { shell } from '../../lib/shell.ts';
import type { WorkloadRef } from './workload.ts';

export interface RollCommands {
  /** Replaces the pods of the workload by new ones. */
  readonly restart: (workload: WorkloadRef) => string;
  /** Ends its pause. */
  readonly resume: (workload: WorkloadRef) => string;
}

const named = ({ kind, name }: WorkloadRef): string => `${kind.toLowerCase()}/${name}`;

export const KUBECTL: RollCommands = {
  restart: (workload) => shell`kubectl -n ${workload.namespace} rollout restart ${named(workload)}`,
  resume: (workload) => shell`kubectl -n ${workload.namespace} rollout resume ${named(workload)}`,
};

export const ARGO: RollCommands = {
  restart: ({ namespace, name }) => shell`kubectl argo rollouts restart ${name} -n ${namespace}`,
  resume: ({ namespace, name }) => shell`kubectl argo rollouts promote ${name} -n ${namespace}`,
};
