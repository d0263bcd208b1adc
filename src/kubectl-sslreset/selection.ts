/** Which objects a command is about, and how kubectl is asked for them. */

import { Failure, UsageError } from './errors.ts';
import { KINDS, kindOf, targetsOf } from './kinds.ts';
import type { Kubectl } from './kubectl.ts';
import { nameOf, type ShownObject } from './shown-object.ts';

export interface Selection {
  /** As they were given; none for all objects. */
  readonly names: readonly string[];
  readonly allNamespaces: boolean;
}

export function selectionOf(names: readonly string[], allNamespaces = false): Selection {
  if (names.length > 0 && allNamespaces) {
    throw new UsageError('An object cannot be named in all namespaces: give its namespace with -n instead of -A');
  }
  return { names, allNamespaces };
}

/** The arguments of a `kubectl get` for all of them. */
export function getArguments({ names, allNamespaces }: Selection): readonly string[] {
  if (names.length > 0) return ['get', ...names.flatMap(targetsOf), '--ignore-not-found'];
  const resources = KINDS.map(({ resource }) => resource).join(',');
  return ['get', resources, ...(allNamespaces ? ['--all-namespaces'] : [])];
}

/** @throws Failure also where a name is of no object */
export async function read(kubectl: Kubectl, selection: Selection): Promise<readonly ShownObject[]> {
  const objects = objectsIn(await kubectl.read([...getArguments(selection), '--output=json']));
  const found = new Set(objects.map(targetOf));
  const missing = selection.names.filter((name) => !targetsOf(name).some((target) => found.has(target)));
  if (missing.length > 0) throw new Failure(`Not found: ${missing.join(', ')}`);
  return objects;
}

/** @throws UsageError for a name that objects of several kinds have: just one of them may be meant */
export async function named(kubectl: Kubectl, selection: Selection): Promise<readonly ShownObject[]> {
  const objects = await read(kubectl, selection);
  for (const name of selection.names) {
    const meant = objects.filter(({ metadata }) => metadata.name === name).map(({ kind }) => `${kind}/${name}`);
    if (meant.length > 1) throw new UsageError(`${name} may be each of ${meant.join(', ')}: name its kind too`);
  }
  return objects;
}

/** Those that are left. @throws Failure */
export const readAgain = async (kubectl: Kubectl, selection: Selection): Promise<readonly ShownObject[]> =>
  objectsIn(await kubectl.readQuietly([...getArguments(selection), '--output=json']));

interface Listed {
  readonly items: readonly ShownObject[];
}

/** kubectl prints nothing, one object, or a list. */
function objectsIn(json: string): readonly ShownObject[] {
  if (json.trim() === '') return [];
  const printed: Listed | ShownObject = JSON.parse(json);
  return 'items' in printed ? printed.items : [printed];
}

export const inOrder = (objects: Iterable<ShownObject>): readonly ShownObject[] =>
  [...objects].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));

const resourceOf = (object: ShownObject): string => kindOf(object)?.resource ?? object.kind;

/** As kubectl takes it, in the namespace of its flags. */
export const targetOf = (object: ShownObject): string => `${resourceOf(object)}/${object.metadata.name}`;

/**
 * A `kubectl get` for each stream of changes. Also one object is watched as a list: of one that is named kubectl drops the
 * first event, which holds what has changed since it was read.
 */
export function watches(
  { names, allNamespaces }: Selection,
  objects: readonly ShownObject[],
): readonly (readonly string[])[] {
  const flags = ['--watch', '--output-watch-events', '--output=json'];
  if (names.length > 0) {
    return objects.map((object) => [
      'get',
      resourceOf(object),
      `--field-selector=metadata.name=${object.metadata.name}`,
      ...flags,
    ]);
  }
  const scope = allNamespaces ? ['--all-namespaces'] : [];
  return KINDS.map(({ resource }) => ['get', resource, ...scope, ...flags]);
}
