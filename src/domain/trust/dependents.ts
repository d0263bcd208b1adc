/** Who depends on the instance, and in which wave. */

import { notUnderstood } from '../not-understood.ts';
import { annotations } from '../object.ts';
import type { DistributionSpec, LabelSelector, WorkloadKind } from './distribution.ts';
import { matchesSelector } from './label-selector.ts';
import { publishedNames } from './published-kinds.ts';
import type { Workload } from './workload.ts';

/** Whether a workload may depend on the instance by its pod template alone. */
export const looksForReferences = (spec: DistributionSpec): boolean =>
  spec.rollout.referencing && publishedNames(spec).length > 0;

/** One workload that depends on the instance; without `workload` it does not exist, or could not be read. */
export interface Dependent {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly wave: number;
  readonly workload?: Workload;
  /** Why it could not be read. */
  readonly unread?: string;
  /** What its row says besides how it fares. */
  readonly note?: string;
}

type Target = NonNullable<DistributionSpec['rollout']['targets']>[number];

/** Whether a workload depends on the instance: it is a target, is selected or refers to what is published. */
const dependsBy =
  (spec: DistributionSpec, selector: LabelSelector) =>
  (workload: Workload): boolean =>
    targetOf(spec, workload) !== undefined || isSelected(spec, selector, workload);

/** The same, as far as one workload alone can tell: one without a pod template of its own may go with another. */
export const mayDependBy =
  (spec: DistributionSpec, selector: LabelSelector) =>
  (workload: Workload): boolean =>
    workload.templateFrom !== undefined || dependsBy(spec, selector)(workload);

const targetOf = ({ rollout }: DistributionSpec, workload: Workload): Target | undefined =>
  rollout.targets?.find((target) => isSame(target, workload));

export function dependents(
  spec: DistributionSpec,
  selector: LabelSelector,
  workloads: readonly Workload[],
): readonly Dependent[] {
  const targets = spec.rollout.targets ?? [];
  const depends = dependsBy(spec, selector);
  const goesWith = ({ templateFrom: from }: Workload): boolean =>
    from !== undefined && workloads.some((one) => isSame(one, from) && depends(one));
  const found = workloads
    .filter((workload) => depends(workload) || goesWith(workload))
    .map(
      (workload): Dependent => ({
        ...named(workload),
        ...placeOf(workload, targetOf(spec, workload)),
        workload,
      }),
    );
  const missing = targets
    .filter((target) => !workloads.some((workload) => isSame(target, workload)))
    .map(({ kind, name, wave = 0 }): Dependent => ({ kind, name, wave }));
  return inOrder([...found.map((dependent) => inWaveOfTemplate(dependent, found)), ...missing]);
}

export const inOrder = (all: readonly Dependent[]): readonly Dependent[] =>
  all.toSorted((a, b) => a.wave - b.wave || compare(a.name, b.name) || compare(a.kind, b.kind));

const named = ({ kind, name }: Workload): Pick<Dependent, 'kind' | 'name'> => ({ kind, name });

interface Named {
  readonly kind: string;
  readonly name?: string | undefined;
}

export const isSame = (a: Named, b: Named): boolean => a.kind === b.kind && a.name === b.name;
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Whether its pod template refers to one of these objects, as `describeObject` has them. */
export const refersToAny = ({ refersTo }: Workload, objects: readonly string[]): boolean =>
  refersTo.some((name) => objects.includes(name));

const isSelected = (spec: DistributionSpec, selector: LabelSelector, workload: Workload): boolean =>
  matchesSelector(selector, workload.labels) ||
  (spec.rollout.referencing && refersToAny(workload, publishedNames(spec)));

const LAST_WAVE = 2 ** 31 - 1;

/** If the wave of one cannot be understood, it goes last. */
function placeOf({ annotations: texts }: Workload, target: Target | undefined): Pick<Dependent, 'wave' | 'note'> {
  const text = texts[annotations.wave] ?? '0';
  const wave = target?.wave ?? int32(text);
  if (wave !== undefined) return { wave };
  return {
    wave: LAST_WAVE,
    note: `${notUnderstood(annotations.wave, text)}, so it rolls in the last wave: set it to a whole number`,
  };
}

/** Never -0, which status does not give back. */
const int32 = (text: string): number | undefined =>
  /^[+-]?\d{1,10}$/.test(text) && Math.abs(Number(text)) <= LAST_WAVE ? Number(text) || 0 : undefined;

/** The dependent whose pod template this one runs in place of one of its own, if there is one. */
function templateOf({ workload }: Dependent, all: readonly Dependent[]): Dependent | undefined {
  const from = workload?.templateFrom;
  return from && all.find((dependent) => isSame(dependent, from));
}

/** It rolls when its template changes, not earlier. */
function inWaveOfTemplate(dependent: Dependent, all: readonly Dependent[]): Dependent {
  const template = templateOf(dependent, all);
  return template === undefined ? dependent : { ...dependent, wave: template.wave };
}
