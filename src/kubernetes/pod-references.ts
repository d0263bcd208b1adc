import type { V1Container, V1EphemeralContainer, V1PodSpec, V1Volume } from '@kubernetes/client-node';

/** Names of the Secrets and ConfigMaps whose contents the pods of a template get to see. */
export interface PodReferences {
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
}

interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string | undefined;
}

/** From volumes, projected ones too, `env` and `envFrom` of containers of every kind; each name once, sorted. */
export function podReferences(spec: V1PodSpec | undefined): PodReferences {
  const containers: readonly (V1Container | V1EphemeralContainer)[] = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const references = [...(spec?.volumes ?? []).flatMap(ofVolume), ...containers.flatMap(ofContainer)];
  return { secrets: namesOf(references, 'Secret'), configMaps: namesOf(references, 'ConfigMap') };
}

/** Not the Secrets of a CSI driver, an image pull or another storage: those never reach the application. */
function ofVolume({ secret, configMap, projected }: V1Volume): readonly Reference[] {
  const sources = projected?.sources ?? [];
  return [
    { kind: 'Secret', name: secret?.secretName },
    { kind: 'ConfigMap', name: configMap?.name },
    ...sources.flatMap((source): readonly Reference[] => [
      { kind: 'Secret', name: source.secret?.name },
      { kind: 'ConfigMap', name: source.configMap?.name },
    ]),
  ];
}

function ofContainer({ env = [], envFrom = [] }: V1Container | V1EphemeralContainer): readonly Reference[] {
  return [
    ...env.flatMap(({ valueFrom }): readonly Reference[] => [
      { kind: 'Secret', name: valueFrom?.secretKeyRef?.name },
      { kind: 'ConfigMap', name: valueFrom?.configMapKeyRef?.name },
    ]),
    ...envFrom.flatMap(({ secretRef, configMapRef }): readonly Reference[] => [
      { kind: 'Secret', name: secretRef?.name },
      { kind: 'ConfigMap', name: configMapRef?.name },
    ]),
  ];
}

function namesOf(references: readonly Reference[], kind: Reference['kind']): readonly string[] {
  const names = references.flatMap((reference) => (reference.kind === kind && reference.name ? [reference.name] : []));
  return [...new Set(names)].sort();
}
