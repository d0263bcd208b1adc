/** How a workload gets to see what is new: by new pods, or by a word to those that are there. */
import { notUnderstood } from '../not-understood.ts';
import { annotations, INSTANCE_LABEL } from '../object.ts';
import { type Dependent, isSame } from './dependents.ts';
import type { DistributionSpec, RolloutSpec } from './distribution.ts';
import { matchesSelector } from './label-selector.ts';
import { publishedNames } from './published-kinds.ts';
import type { Workload } from './workload.ts';

export type PickUp =
  | { readonly kind: 'Reload' }
  /** `note`: why, where somebody may have expected something else. */
  | { readonly kind: 'Restart'; readonly note?: string };

/** What the other objects of the instance and namespace say of the workloads there. */
export interface OtherObjects {
  /** What they publish into, as `describeObject` has it. */
  readonly publishes: readonly string[];
  /** By its spec one of them restarts it. */
  readonly restarts: (workload: Workload) => boolean;
}

/** Which workloads an object restarts by its spec. */
export type RestartScope = Pick<RolloutSpec, 'kinds' | 'selector' | 'targets' | 'referencing'>;

/** Undefined: it restarts none. */
export function restartScope({ rollout }: DistributionSpec): RestartScope | undefined {
  const { kinds, selector, targets, referencing, disabled, pickUp } = rollout;
  if (disabled || pickUp === 'Reload') return undefined;
  return { kinds, referencing, ...(selector && { selector }), ...(targets && { targets }) };
}

/**
 * Whether an object with that scope rolls the workload.
 * @param instance the id of the instance, which the label names where the scope has no selector
 * @param publishes what the object publishes into
 */
export function isInScope(
  { kinds, selector, targets = [], referencing }: RestartScope,
  { instance, publishes }: { readonly instance: string; readonly publishes: readonly string[] },
  workload: Workload,
): boolean {
  if (targets.some((target) => isSame(target, workload))) return true;
  if (!kinds.includes(workload.kind)) return false;
  const labels = selector ?? { matchLabels: { [INSTANCE_LABEL]: instance } };
  return matchesSelector(labels, workload.labels) || (referencing && refersTo(workload, publishes).length > 0);
}

const refersTo = ({ refersTo: all }: Workload, names: readonly string[]): readonly string[] =>
  all.filter((name) => names.includes(name));

/** The workload's own word goes before every spec; of two specs, the one that restarts. What is not understood restarts. */
export function pickUpOf(
  workload: Workload,
  all: readonly Dependent[],
  { spec, others }: { readonly spec: DistributionSpec; readonly others: OtherObjects },
): PickUp {
  const asked = askedFor(workload, spec, others);
  if (asked.kind === 'Restart') return asked;
  const obstacle = whyNoReload(workload, all, [...publishedNames(spec), ...others.publishes]);
  return obstacle === undefined ? asked : { kind: 'Restart', note: `${obstacle}, so it is restarted all the same` };
}

function askedFor(workload: Workload, { rollout }: DistributionSpec, others: OtherObjects): PickUp {
  const word = workload.annotations[annotations.pickUp];
  if (word === 'Restart' || word === 'Reload') return { kind: word };
  if (word !== undefined) {
    const note = `${notUnderstood(annotations.pickUp, word)}, so it is restarted: set it to "Restart" or "Reload"`;
    return { kind: 'Restart', note };
  }
  if (rollout.pickUp !== 'Reload') return { kind: 'Restart' };
  return others.restarts(workload)
    ? { kind: 'Restart', note: 'Another object of the instance restarts it, which goes before rollout.pickUp: Reload' }
    : { kind: 'Reload' };
}

function whyNoReload(workload: Workload, all: readonly Dependent[], names: readonly string[]): string | undefined {
  const fixed = workload.takesOnce.filter((name) => names.includes(name));
  if (fixed.length > 0) return `It takes ${fixed.join(', ')} by env or subPath, which never changes in a running pod`;
  const { templateFrom: from } = workload;
  if (from !== undefined) return `It runs the pod template of ${from.kind} ${from.name}`;
  const user = all.find((one) => one.workload?.templateFrom && isSame(one.workload.templateFrom, workload));
  return user && `${user.kind} ${user.name} runs its pod template`;
}

/** What the pods of the workload may have been given: of the objects that its template names, or else of any. */
export function sourcesOf(workload: Workload, spec: DistributionSpec, { publishes }: OtherObjects): readonly string[] {
  const names = [...new Set([...publishedNames(spec), ...publishes])];
  const named = refersTo(workload, names);
  return named.length > 0 ? named : names;
}
