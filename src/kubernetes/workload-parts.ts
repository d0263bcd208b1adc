/** What each kind of workload says in its own way: how many pods it is to have, how far it is, what it hangs on. */

import type { WorkloadKind } from '../domain/trust/distribution.ts';
import type { Workload } from '../domain/trust/workload.ts';
import { arrayAt, numberAt, objectAt, textAt } from '../lib/json.ts';
import { oneLine } from '../lib/one-line.ts';
import { argoGeneration, argoStatus, templateFrom } from './argo-rollout.ts';

type Parts = Pick<Workload, 'desiredReplicas' | 'status' | 'ordered' | 'templateFrom'>;

export const partsOf: Readonly<Record<WorkloadKind, (object: unknown) => Parts>> = {
  Deployment: replicated,
  StatefulSet: (object) => ({ ...replicated(object), ...ordered(object) }),
  DaemonSet: scheduled,
  Rollout(object) {
    const parts = replicated(object);
    const status = { ...parts.status, observedGeneration: argoGeneration(object), argo: argoStatus(object) };
    return { ...parts, ...templateFrom(object), status };
  },
};

/** With as many pods as its spec says. */
function replicated(object: unknown): Parts {
  const status = objectAt(object, 'status');
  const count = (key: string): number => numberAt(status, key) ?? 0;
  const conditions = arrayAt(status, 'conditions');
  const progressing = conditions.find((condition) => textAt(condition, 'type') === 'Progressing');
  return {
    desiredReplicas: numberAt(objectAt(object, 'spec'), 'replicas') ?? 1,
    status: {
      observedGeneration: count('observedGeneration'),
      replicas: count('replicas'),
      updatedReplicas: count('updatedReplicas'),
      availableReplicas: count('availableReplicas'),
      progressingReason: textAt(progressing, 'reason'),
      ...problemOf(conditions),
    },
  };
}

/** With a pod on each node that fits. */
function scheduled(object: unknown): Parts {
  const status = objectAt(object, 'status');
  const count = (key: string): number => numberAt(status, key) ?? 0;
  return {
    desiredReplicas: count('desiredNumberScheduled'),
    status: {
      observedGeneration: count('observedGeneration'),
      replicas: count('currentNumberScheduled'),
      updatedReplicas: count('updatedNumberScheduled'),
      availableReplicas: count('numberAvailable'),
      progressingReason: '',
    },
  };
}

/** Defaults: the update strategy `RollingUpdate`, the pod management policy `OrderedReady`. */
function ordered(object: unknown): Pick<Workload, 'ordered'> {
  const spec = objectAt(object, 'spec');
  const status = objectAt(object, 'status');
  const strategy = textAt(objectAt(spec, 'updateStrategy'), 'type') || 'RollingUpdate';
  const policy = textAt(spec, 'podManagementPolicy') || 'OrderedReady';
  if (strategy !== 'RollingUpdate' || policy !== 'OrderedReady') return {};
  return {
    ordered: {
      firstOrdinal: numberAt(objectAt(spec, 'ordinals'), 'start') ?? 0,
      updateRevision: textAt(status, 'updateRevision'),
      currentReplicas: numberAt(status, 'currentReplicas') ?? 0,
    },
  };
}

/** The first of its conditions by which its controller says that it cannot act: of a quota that is used up, say. */
function problemOf(conditions: readonly unknown[]): { readonly problem?: string } {
  const problem = conditions.filter(isProblem).map((condition) => textAt(condition, 'message'))[0];
  return problem === undefined || problem === '' ? {} : { problem: oneLine(problem, MAX_PROBLEM) };
}

const MAX_PROBLEM = 400;

/** That the progress deadline is exceeded is judged as such, and says no more. */
function isProblem(condition: unknown): boolean {
  const status = textAt(condition, 'status');
  switch (textAt(condition, 'type')) {
    case 'ReplicaFailure':
    case 'InvalidSpec':
      return status === 'True';
    case 'Progressing':
      return status === 'False' && textAt(condition, 'reason') !== 'ProgressDeadlineExceeded';
    default:
      return false;
  }
}
