/** What a container gets to read, from the Secrets and ConfigMaps that its pod refers to. */
import type { Container, Data, Items, Pod, SourceKind, Volume } from './pod.ts';

/** A Secret or ConfigMap that is referred to. */
export interface Source {
  readonly kind: SourceKind;
  readonly name: string;
  readonly isOptional: boolean;
}

/** The sources as they were read; those that are not there are not in it. */
export type Sources = ReadonlyMap<string, Data>;

/** Files of a volume, by their path in it. */
export type VolumeFiles = ReadonlyMap<string, Buffer>;

export const keyOf = ({ kind, name }: Pick<Source, 'kind' | 'name'>): string => `${kind}/${name}`;

/** Something that a kubelet waits for before it starts a container. */
export class NotThereYet extends Error {
  override readonly name = 'NotThereYet';
}

interface VolumePart {
  readonly source: Source;
  readonly items: Items;
}

interface Reference {
  readonly source: Source;
  readonly key: string;
}

export function sourcesOf(pod: Pod, container: Container): readonly Source[] {
  return [
    ...mountedVolumes(pod, container).flatMap((volume) => partsOf(volume).map(({ source }) => source)),
    ...container.envFrom.flatMap(wholeSource),
    ...container.env.flatMap(({ valueFrom }) => referenceOf(valueFrom)?.source ?? []),
  ];
}

/** The volumes that the container mounts, without those that hold the token of a service account. */
export function mountedVolumes({ spec }: Pod, { volumeMounts }: Container): readonly Volume[] {
  const mounted = new Set(volumeMounts.map(({ name }) => name));
  const holdsToken = ({ projected }: Volume): boolean =>
    projected?.sources.some(({ serviceAccountToken }) => serviceAccountToken !== undefined) ?? false;
  return spec.volumes.filter((volume) => mounted.has(volume.name) && !holdsToken(volume));
}

/** @throws NotThereYet */
export function filesOf(volume: Volume, sources: Sources): VolumeFiles {
  return new Map(partsOf(volume).flatMap(({ source, items }) => partFiles(dataOf(source, sources), source, items)));
}

/** @throws NotThereYet */
export function environmentOf({ env, envFrom }: Container, sources: Sources): Readonly<Record<string, string>> {
  const inherited = envFrom.flatMap((from) =>
    wholeSource(from).flatMap((source) =>
      [...dataOf(source, sources)].map(([key, value]): [string, string] => [from.prefix + key, value.toString()]),
    ),
  );
  const own = env.flatMap(({ name, value, valueFrom }): [string, string][] => {
    const referred = referenceOf(valueFrom);
    if (referred === undefined) return [[name, value]];
    const { source, key } = referred;
    const found = dataOf(source, sources).get(key);
    if (found !== undefined) return [[name, found.toString()]];
    if (source.isOptional) return [];
    throw new NotThereYet(`${keyOf(source)} has no key ${key}`);
  });
  return Object.fromEntries([...inherited, ...own]);
}

function partsOf({ secret, configMap, projected }: Volume): readonly VolumePart[] {
  const direct = [
    secret && part('Secret', { ...secret, name: secret.secretName }),
    configMap && part('ConfigMap', configMap),
  ];
  const parts = (projected?.sources ?? []).flatMap((source) => [
    source.secret && part('Secret', source.secret),
    source.configMap && part('ConfigMap', source.configMap),
  ]);
  return [...direct, ...parts].filter((found) => found !== undefined);
}

function part(
  kind: SourceKind,
  { name, optional, items }: { readonly name: string; readonly optional: boolean; readonly items?: Items },
): VolumePart {
  return { source: { kind, name, isOptional: optional }, items };
}

function partFiles(data: Data, source: Source, items: Items): readonly [string, Buffer][] {
  if (items === undefined) return [...data];
  return items.flatMap(({ key, path }): [string, Buffer][] => {
    const found = data.get(key);
    if (found !== undefined) return [[path, found]];
    if (source.isOptional) return [];
    throw new NotThereYet(`${keyOf(source)} has no key ${key}`);
  });
}

function wholeSource({ secretRef, configMapRef }: Container['envFrom'][number]): readonly Source[] {
  if (secretRef !== undefined) return [{ kind: 'Secret', name: secretRef.name, isOptional: secretRef.optional }];
  if (configMapRef === undefined) return [];
  return [{ kind: 'ConfigMap', name: configMapRef.name, isOptional: configMapRef.optional }];
}

function referenceOf(valueFrom: Container['env'][number]['valueFrom']): Reference | undefined {
  const { secretKeyRef: secret, configMapKeyRef: configMap } = valueFrom ?? {};
  const found = secret ?? configMap;
  if (found === undefined) return undefined;
  const kind = secret === undefined ? 'ConfigMap' : 'Secret';
  return { source: { kind, name: found.name, isOptional: found.optional }, key: found.key };
}

function dataOf(source: Source, sources: Sources): Data {
  const found = sources.get(keyOf(source));
  if (found === undefined && !source.isOptional) throw new NotThereYet(`${keyOf(source)} is not there`);
  return found ?? new Map();
}
