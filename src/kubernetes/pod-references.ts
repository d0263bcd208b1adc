import { describeObject, type PublishedKind, type PublishedName } from '../domain/trust/published-kinds.ts';
import { arrayAt, objectAt, textAt } from './json.ts';

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

/**
 * The Secrets and ConfigMaps whose contents the pods of a template get to see, as `Secret/name`, `ConfigMap/name`: from
 * volumes, projected ones too, `env` and `envFrom` of containers of every kind; each once, sorted.
 * @param spec of pods, as JSON
 */
export function podReferences(spec: unknown): readonly string[] {
  const containers = CONTAINERS.flatMap((key) => arrayAt(spec, key));
  const all = [...arrayAt(spec, 'volumes').flatMap(ofVolume), ...containers.flatMap(ofContainer)];
  return [...new Set(all.filter(({ name }) => name !== '').map(describeObject))].sort();
}

/** Its name is '' where it refers to nothing. */
const reference = (kind: PublishedKind, source: unknown, from: string, key = 'name'): PublishedName => ({
  kind,
  name: textAt(objectAt(source, from), key),
});

/** Not the Secrets of a CSI driver, an image pull or another storage: those never reach the application. */
function ofVolume(volume: unknown): readonly PublishedName[] {
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

function ofContainer(container: unknown): readonly PublishedName[] {
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
