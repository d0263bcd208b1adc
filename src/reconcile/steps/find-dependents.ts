import { progressing, type Verdict } from '../../domain/conditions.ts';
import { type Dependent, dependents, dependsBy, isSame, looksForReferences } from '../../domain/dependents.ts';
import { rolloutSelector, selectorQuery } from '../../domain/label-selector.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';
import type { Workload } from '../../domain/workload.ts';
import type { Workloads } from '../ports.ts';

export const LOOKING_FOR_DEPENDENTS: Verdict = progressing(
  'RollingOut',
  'The workloads that depend on the instance are looked for',
);

/** The workloads that depend on the instance. The whole namespace is read only where references must be looked for. */
export async function findDependents(
  { metadata, spec }: SslReset,
  workloads: Workloads,
): Promise<readonly Dependent[]> {
  const { namespace } = metadata;
  const selector = rolloutSelector(spec);
  const { kinds } = spec.rollout;
  const found = looksForReferences(spec)
    ? await workloads.list(namespace, { kinds, by: 'Namespace', isWanted: dependsBy(spec, selector) })
    : await workloads.list(namespace, { kinds, by: 'Selector', selector: selectorQuery(selector) });
  return dependents(spec, selector, [...found, ...(await unlistedTargets(namespace, spec, found, workloads))]);
}

async function unlistedTargets(
  namespace: string,
  { rollout }: SslReset['spec'],
  found: readonly Workload[],
  workloads: Workloads,
): Promise<readonly Workload[]> {
  const unlisted = (rollout.targets ?? []).filter((target) => !found.some((workload) => isSame(workload, target)));
  const read = await Promise.all(unlisted.map(({ kind, name }) => workloads.get({ kind, namespace, name })));
  return read.filter((workload) => workload !== undefined);
}
