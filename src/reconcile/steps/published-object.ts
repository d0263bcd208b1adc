import { secretKeys, type WantedCertificate } from '../../domain/client-certificate.ts';
import { stalled, type Verdict } from '../../domain/conditions.ts';
import { isKubernetesError } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';
import { annotations, FIELD_MANAGER } from '../../domain/ssl-reset.ts';
import type { PublishedContents, PublishedObject, PublishedObjects } from '../ports.ts';

const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

/** The object that holds the server CA, with all its keys; undefined where the spec asks for none. */
export function serverCaObject({ metadata, spec: { serverCa } }: SslReset, pem: string): PublishedContents | undefined {
  if (serverCa === undefined) return undefined;
  const { secretName, configMapName, key } = serverCa;
  const name = secretName ?? configMapName;
  if (name === undefined) return undefined;
  return objectOf({ metadata }, { kind: secretName === undefined ? 'ConfigMap' : 'Secret', name }, { [key]: pem });
}

/** What stands in for a client certificate that is not issued yet. */
export const DRY_RUN: PublishedContents['data'] = {
  [secretKeys.certificate]: 'dry run\n',
  [secretKeys.privateKey]: 'dry run\n',
  [secretKeys.serverCa]: 'dry run\n',
};

/** The Secret of a client certificate. */
export const certificateSecret = (
  reset: Pick<SslReset, 'metadata'>,
  { secretName }: WantedCertificate,
  data: PublishedContents['data'],
): PublishedContents => objectOf(reset, { kind: 'Secret', name: secretName }, data);

const objectOf = (
  { metadata }: Pick<SslReset, 'metadata'>,
  { kind, name }: Pick<PublishedContents, 'kind' | 'name'>,
  data: PublishedContents['data'],
): PublishedContents => ({
  kind,
  namespace: metadata.namespace,
  name,
  labels: { [MANAGED_BY_LABEL]: FIELD_MANAGER },
  annotations: { [annotations.managedBy]: metadata.name },
  data,
});

export const describeObject = ({ kind, name }: Pick<PublishedContents, 'kind' | 'name'>): string => `${kind}/${name}`;

/**
 * Applies the object over what was read `before`, or finds that it holds just that already. Answers what stands in the
 * way, with the object untouched.
 * @throws KubernetesError
 */
export async function applyObject(
  objects: PublishedObjects,
  contents: PublishedContents,
  { before, dryRun }: { readonly before: PublishedObject | undefined; readonly dryRun: boolean },
): Promise<Verdict | undefined> {
  const conflict = before && ownershipConflict(before, contents);
  if (conflict !== undefined) return conflict;
  if (before === undefined || !holds(before, contents)) await objects.apply(contents, { before, dryRun });
  return undefined;
}

type Waiting = Extract<Verdict, { kind: 'Waiting' }>;

/** What an admission webhook or RBAC refuses must be put right by somebody; the rest may pass by itself. */
export async function orCannotPublish<T>(act: () => Promise<T>): Promise<T | Waiting> {
  try {
    return await act();
  } catch (error) {
    if (isKubernetesError(error, 'Forbidden', 'Refused')) {
      return { kind: 'Waiting', reason: 'CannotPublish', message: error.message };
    }
    throw error;
  }
}

function ownershipConflict(before: PublishedObject, contents: PublishedContents): Verdict | undefined {
  const object = describeObject(contents);
  const owner = contents.annotations[annotations.managedBy];
  const found = before.annotations[annotations.managedBy];
  if (found !== owner) {
    const whose = found === undefined ? 'exists and is not ours' : `belongs to the CloudSqlSslReset ${found}`;
    return stalled(
      'ObjectConflict',
      `${object} ${whose}; it is left untouched. Hand it over with: kubectl -n ${contents.namespace} annotate ${contents.kind.toLowerCase()} ${contents.name} --overwrite ${annotations.managedBy}=${owner}`,
    );
  }
  if (before.immutable && !holds(before, contents)) {
    return stalled('ObjectConflict', `${object} is immutable; delete it, or name another object in the spec`);
  }
  return undefined;
}

const holds = (before: PublishedObject, { data, labels, annotations: wanted }: PublishedContents): boolean =>
  includes(before.data, data) && includes(before.labels, labels) && includes(before.annotations, wanted);

const includes = (all: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => all[key] === value);
