/**
 * Marks at which a tool deletes the object and creates it again when it applies it, at each sync or where a field cannot
 * be patched: what comes is a new object, which would reset once more.
 */
import type { Metadata } from '../object.ts';

const isOff = (value: string): boolean => ['', 'false', 'disabled'].includes(value.trim().toLowerCase());
const isSet = (value: string): boolean => !isOff(value);
const always = (): boolean => true;

/** Argo CD knows these two by the very value `true`; here whatever does not switch them off counts. */
function forcesOrReplaces(options: string): boolean {
  const all = options.split(',').map((option) => option.split('='));
  return all.some(
    ([name = '', value = '']) => ['force', 'replace'].includes(name.trim().toLowerCase()) && isSet(value),
  );
}

const updatesInPlace = (strategy: string): boolean => ['', 'skip'].includes(strategy.trim());

/** By the key of the annotation; Flux looks at labels too. */
const MARKS: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['argocd.argoproj.io/hook', always],
  ['argocd.argoproj.io/sync-options', forcesOrReplaces],
  ['helm.sh/hook', always],
  ['kluctl.io/hook', always],
  ['kustomize.toolkit.fluxcd.io/force', isSet],
  // Also fallback-on-replace: spec.project and spec.instance cannot be updated.
  ['kapp.k14s.io/update-strategy', (value: string) => !updatesInPlace(value)],
  ['kapp.k14s.io/versioned', always],
  ['strategy.spinnaker.io/recreate', isSet],
  ['strategy.spinnaker.io/replace', isSet],
  ['werf.io/delete-policy', isSet],
]);

/** The mark as it is written on the object, `key: value`; undefined where there is none. */
export function recreationMark({ annotations, labels = {} }: Metadata): string | undefined {
  const found = [...Object.entries(annotations), ...Object.entries(labels)].find(
    ([key, value]) => MARKS.get(key)?.(value) === true,
  );
  return found?.join(': ');
}
