import { arrayAt, objectAt, textAt } from './json.ts';

/** Names of the Secrets and ConfigMaps whose contents the pods of a template get to see. */
export interface PodReferences {
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
}

interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  /** '' where it refers to nothing. */
  readonly name: string;
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

/**
 * From volumes, projected ones too, `env` and `envFrom` of containers of every kind; each name once, sorted.
 * @param spec of pods, as JSON
 */
export function podReferences(spec: unknown): PodReferences {
  const containers = CONTAINERS.flatMap((key) => arrayAt(spec, key));
  const references = [...arrayAt(spec, 'volumes').flatMap(ofVolume), ...containers.flatMap(ofContainer)];
  return { secrets: namesOf(references, 'Secret'), configMaps: namesOf(references, 'ConfigMap') };
}

const reference = (kind: Reference['kind'], source: unknown, from: string, key = 'name'): Reference => ({
  kind,
  name: textAt(objectAt(source, from), key),
});

/** Not the Secrets of a CSI driver, an image pull or another storage: those never reach the application. */
function ofVolume(volume: unknown): readonly Reference[] {
  const sources = arrayAt(objectAt(volume, 'projected'), 'sources');
  return [
    reference('Secret', volume, 'secret', 'secretName'),
    reference('ConfigMap', volume, 'configMap'),
    ...sources.flatMap((source) => [
      reference('Secret', source, 'secret'),
      reference('ConfigMap', source, 'configMap'),
    ]),
  ];
}

function ofContainer(container: unknown): readonly Reference[] {
  const values = arrayAt(container, 'env').map((variable) => objectAt(variable, 'valueFrom'));
  return [
    ...values.flatMap((value) => [
      reference('Secret', value, 'secretKeyRef'),
      reference('ConfigMap', value, 'configMapKeyRef'),
    ]),
    ...arrayAt(container, 'envFrom').flatMap((source) => [
      reference('Secret', source, 'secretRef'),
      reference('ConfigMap', source, 'configMapRef'),
    ]),
  ];
}

function namesOf(references: readonly Reference[], kind: Reference['kind']): readonly string[] {
  const names = references.flatMap((found) => (found.kind === kind && found.name !== '' ? [found.name] : []));
  return [...new Set(names)].sort();
}
