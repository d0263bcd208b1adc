/**
 * Which pod templates are right: those whose pods trust every CA that is needed. A digest names a set of CAs and which of
 * them was active; so neither a switch between them nor one that is listed no longer makes a template wrong.
 */
import type { InstanceRef } from '../instance.ts';
import type { Dependent } from './dependents.ts';
import { revisionOf, templateAnnotationKey } from './tls-material.ts';

/** SHA-1 fingerprints in lower-case hex. */
export interface Trust {
  /** The pods must trust these; the active CA first. */
  readonly needed: readonly string[];
  /** Whatever else they may have been given. */
  readonly known: readonly string[];
  /** Some of the pods read the active CA alone: no other one may have been active when they were rolled. */
  readonly isActiveAlone?: boolean;
}

/** More than an instance ever lists; each of them doubles the sets. */
export const MAX_KNOWN = 6;

/** The digests of every set of known CAs that holds all that are needed, with any of it as the active one: at most 192. */
export function rightRevisions({ needed, known, isActiveAlone = false }: Trust): ReadonlySet<string> {
  const optional = [...new Set(known)].filter((one) => !needed.includes(one)).slice(0, MAX_KNOWN - needed.length);
  const sets = subsets(optional).map((some) => [...needed, ...some]);
  const firstOf = (set: readonly string[]): readonly string[] => (isActiveAlone ? set.slice(0, 1) : set);
  const digest = (set: readonly string[], first: string): string =>
    revisionOf([first, ...set.filter((one) => one !== first)]);
  return new Set(sets.flatMap((set) => firstOf(set).map((first) => digest(set, first))));
}

/** The same, with these CAs needed too, but for those that are known as not needed. */
export function requiring(others: readonly string[], trust: Trust): Trust {
  const unheardOf = others.filter((one) => !trust.needed.includes(one) && !trust.known.includes(one));
  return { ...trust, needed: [...trust.needed, ...unheardOf] };
}

/** The same, with these CAs needed whatever else is known of them. */
export const needing = (others: readonly string[], { needed, known, ...rest }: Trust): Trust => ({
  ...rest,
  needed: [...new Set([...needed, ...others])],
  known: known.filter((one) => !others.includes(one)),
});

const subsets = (all: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: 2 ** all.length }, (_, set) =>
    all.filter((_one, place) => Math.floor(set / 2 ** place) % 2 === 1),
  );

/** The dependents as they are to be judged: a template whose digest is right counts as carrying the wanted one. */
export function countRight(
  dependents: readonly Dependent[],
  { instance, wanted, trust }: { readonly instance: InstanceRef; readonly wanted: string; readonly trust: Trust },
): readonly Dependent[] {
  const key = templateAnnotationKey(instance);
  const right = rightRevisions(trust);
  return dependents.map((dependent) => {
    const { workload } = dependent;
    if (workload === undefined || !right.has(workload.templateAnnotations[key] ?? '')) return dependent;
    const templateAnnotations = { ...workload.templateAnnotations, [key]: wanted };
    return { ...dependent, workload: { ...workload, templateAnnotations } };
  });
}
