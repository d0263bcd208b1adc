import { describeObject, type PublishedKind, type PublishedName } from '../domain/trust/published-kinds.ts';
import { arrayAt, objectAt, textAt } from '../lib/json.ts';

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

/**
 * The Secrets and ConfigMaps whose contents the pods of a template get to see, as `Secret/name`, `ConfigMap/name`: from
 * volumes, projected ones too, `env` and `envFrom` of containers of every kind; each once, sorted.
 * @param spec of pods, as JSON
 */
export const podReferences = (spec: unknown): readonly string[] =>
  described([...arrayAt(spec, 'volumes').flatMap(ofVolume), ...containersOf(spec).flatMap(ofContainer)]);

/** Of these, what a running pod keeps as it was when its container started: `env`, `envFrom`, volumes by a `subPath`. */
export function fixedReferences(spec: unknown): readonly string[] {
  const containers = containersOf(spec);
  const mounts = containers.flatMap((container) => arrayAt(container, 'volumeMounts')).filter(hasSubPath);
  const names = new Set(mounts.map((mount) => textAt(mount, 'name')));
  const volumes = arrayAt(spec, 'volumes').filter((volume) => names.has(textAt(volume, 'name')));
  return described([...volumes.flatMap(ofVolume), ...containers.flatMap(ofContainer)]);
}

const containersOf = (spec: unknown): readonly unknown[] => CONTAINERS.flatMap((key) => arrayAt(spec, key));

const hasSubPath = (mount: unknown): boolean => textAt(mount, 'subPath') !== '' || textAt(mount, 'subPathExpr') !== '';

const described = (all: readonly PublishedName[]): readonly string[] =>
  [...new Set(all.filter(({ name }) => name !== '').map(describeObject))].sort();

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
