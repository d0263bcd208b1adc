/**
 * What is known of each kind of object that is published into. One that `kubernetes/published-objects.ts` cannot read and
 * write is refused by the compiler; a unit test compares the CRD and the chart with this table.
 */
import type { DistributionSpec } from './distribution.ts';

export type PublishedKind = 'Secret' | 'ConfigMap';

interface KnownKind {
  /** Its resource in the API. */
  readonly plural: string;
  /** Where `serverCa` names one. */
  readonly field: 'secretName' | 'configMapName';
}

export const PUBLISHED_KINDS: Readonly<Record<PublishedKind, KnownKind>> = {
  Secret: { plural: 'secrets', field: 'secretName' },
  ConfigMap: { plural: 'configmaps', field: 'configMapName' },
};

const isKind = (name: string): name is PublishedKind => Object.hasOwn(PUBLISHED_KINDS, name);

export const publishedKinds: readonly PublishedKind[] = Object.keys(PUBLISHED_KINDS).filter(isKind);

/** One object of a namespace. */
export interface PublishedName {
  readonly kind: PublishedKind;
  readonly name: string;
}

/** As `Secret/name`, or `ConfigMap/name`. */
export const describeObject = ({ kind, name }: PublishedName): string => `${kind}/${name}`;

/** What `describeObject` described; undefined: it is no such text. */
export function parseObjectName(text: string): PublishedName | undefined {
  const [kind = '', name = ''] = text.split('/');
  return isKind(kind) && name !== '' ? { kind, name } : undefined;
}

/** The objects that take the server CA; the CRD takes one alone. */
export const serverCaTargets = (serverCa: NonNullable<DistributionSpec['serverCa']>): readonly PublishedName[] =>
  publishedKinds.flatMap((kind) => {
    const name = serverCa[PUBLISHED_KINDS[kind].field];
    return name === undefined ? [] : [{ kind, name }];
  });

/** All that is published into, as `describeObject` has it. */
export const publishedNames = ({ serverCa, clientCertificates = [] }: DistributionSpec): readonly string[] =>
  [
    ...(serverCa === undefined ? [] : serverCaTargets(serverCa)),
    ...clientCertificates.map(({ secretName }) => ({ kind: 'Secret', name: secretName }) as const),
  ].map(describeObject);
