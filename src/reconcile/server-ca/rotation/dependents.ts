import { trustOf, wantedOnTemplates } from '../../../domain/server-ca/publication.ts';
import { type CloudSqlServerCa, distributionOf } from '../../../domain/server-ca/server-ca-object.ts';
import type { RollOptions } from '../../../domain/trust/judgement.ts';
import { countRight } from '../../../domain/trust/right-template.ts';
import { planRoll } from '../../../domain/trust/rollout.ts';
import { MAX_LISTED } from '../../../domain/trust/rollout-status.ts';
import type { Workload } from '../../../domain/trust/workload.ts';
import { toTime } from '../../../lib/time.ts';
import { findDependents } from '../../rolling/find-dependents.ts';
import type { ServerCaContext } from '../context.ts';

/** Everything that depends on the instance, as it is now. @throws KubernetesError where any of it cannot be read */
export async function readWorkloads(
  object: CloudSqlServerCa,
  { workloads }: Pick<ServerCaContext, 'workloads'>,
): Promise<readonly Workload[]> {
  if (object.spec.rollout.disabled) return [];
  const found = await findDependents(distributionOf(object), workloads);
  return found.flatMap(({ workload }) => workload ?? []);
}

export type Dependents =
  /** Each trusts all that is needed, and is healthy; those that opted out are not among them. No more than a status lists. */
  { readonly kind: 'Right'; readonly workloads: readonly Workload[] } | { readonly kind: 'NotRight' };

/** The same, judged as a roll judges them. @throws KubernetesError as above */
export async function rightDependents(
  object: CloudSqlServerCa,
  { workloads, clock, index }: Pick<ServerCaContext, 'workloads' | 'clock' | 'index'>,
): Promise<Dependents> {
  if (object.spec.rollout.disabled) return { kind: 'Right', workloads: [] };
  const distribution = distributionOf(object);
  const dependents = await findDependents(distribution, workloads);
  const { rollout: before } = object.status;
  const wanted = before?.revision ?? '';
  const options: RollOptions = {
    ...wantedOnTemplates(object, index.siblingsOf(object).inNamespace(object.spec.instance)),
    rollout: distribution.spec.rollout,
    before,
    now: toTime(clock.now()),
  };
  const found = countRight(dependents, { instance: object.spec, wanted, trust: trustOf(object) });
  const plan = planRoll(found, options);
  const rows = plan.workloads;
  const isRight =
    rows.length <= MAX_LISTED &&
    plan.start.length === 0 &&
    plan.paused === 0 &&
    rows.every(({ state }) => state === 'Rolled' || state === 'Skipped');
  if (!isRight) return { kind: 'NotRight' };
  const rolled = dependents.filter((_one, place) => rows[place]?.state === 'Rolled');
  return { kind: 'Right', workloads: rolled.flatMap(({ workload }) => workload ?? []) };
}
