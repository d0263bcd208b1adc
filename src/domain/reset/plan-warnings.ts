/** What would go wrong after a reset, or be forgotten: from what preflight reads anyway, each with what to do about it. */
import { few, rollWarnings } from '../trust/roll-warnings.ts';
import type { PlanFacts } from './plan.ts';
import type { Spec } from './ssl-reset.ts';

type Facts = Pick<PlanFacts, 'instance' | 'dependents' | 'otherObjects'>;

export function planWarnings(spec: Spec, { instance, dependents, otherObjects }: Facts): readonly string[] {
  return [
    ...(spec.rollout.disabled ? [NOT_ROLLED] : rollWarnings(spec, dependents, 'reset')),
    ...replicaWarnings(spec, instance.replicaNames ?? []),
    ...(otherObjects.length > 0
      ? [
          `The instance has other objects, which publish and roll anew after this reset: ${few(otherObjects)}. Those of other clusters are not known here`,
        ]
      : []),
  ];
}

const NOT_ROLLED =
  'rollout.disabled is true: workloads keep the old server CA until somebody restarts them, and fail to connect';

function replicaWarnings({ mode }: Spec, replicas: readonly string[]): readonly string[] {
  if (mode !== 'All' || replicas.length === 0) return [];
  return [
    `The instance has read replicas, whose replication may stand still until each is reset with mode: SyncFromPrimary: ${few(replicas)}`,
  ];
}
