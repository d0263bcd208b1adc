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
          `The instance has other objects, which publish and roll anew after this reset: ${few(otherObjects)}. Other clusters are not known here: only a CloudSqlServerCa there notices this reset by itself`,
        ]
      : []),
  ];
}

const NOT_ROLLED =
  'rollout.disabled is true: restart the workloads yourself after the reset; with the old server CA they fail to connect';

function replicaWarnings({ mode }: Spec, replicas: readonly string[]): readonly string[] {
  if (mode !== 'All' || replicas.length === 0) return [];
  return [
    `The instance has read replicas, whose replication may stand still until each is reset with mode: SyncFromPrimary: ${few(replicas)}`,
  ];
}
