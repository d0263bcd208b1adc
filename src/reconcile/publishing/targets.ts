/** Which objects are published into, what is in each, and whose it is. */
import type { ServerCas } from '../../domain/instance.ts';
import { annotations, FIELD_MANAGER } from '../../domain/object.ts';
import type { SecretOrigin } from '../../domain/trust/client-certificate.ts';
import type { Distribution, WantedCertificate } from '../../domain/trust/distribution.ts';
import { type CertificateData, heldCertificate, secretKeys } from '../../domain/trust/held-certificate.ts';
import { type PublishedName, serverCaTargets } from '../../domain/trust/published-kinds.ts';
import { serverCaPem } from '../../domain/trust/tls-material.ts';
import type { PublishedContents, PublishedObject } from '../ports.ts';

const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

/** The object that holds the server CA, with all its keys; undefined where the spec asks for none. */
export function serverCaObject(distribution: Distribution, pem: string): PublishedContents | undefined {
  const { serverCa } = distribution.spec;
  if (serverCa === undefined) return undefined;
  const [target] = serverCaTargets(serverCa);
  return target && objectOf(distribution, target, { [serverCa.key]: pem });
}

/** The object with all that it is to hold, over what it held before; undefined where the spec asks for none. */
export function serverCaContents(distribution: Distribution, cas: ServerCas, before: PublishedObject | undefined) {
  const wanted = serverCaObject(distribution, serverCaPem(cas, distribution.spec.serverCa?.contents ?? 'All'));
  return wanted && { ...wanted, data: { ...keyOnItsWay(distribution, before), ...wanted.data } };
}

/** A client certificate that the spec now wants elsewhere is still to be moved out of the Secret, with its only key. */
function keyOnItsWay({ status }: Distribution, before: PublishedObject | undefined): PublishedObject['data'] {
  const held = before && heldCertificate(before.data);
  const isThere = (status.clientCertificates ?? []).some(
    (one) => one.secretName === before?.name && one.sha1Fingerprint === held?.sha1Fingerprint,
  );
  if (held === undefined || before === undefined || !isThere) return {};
  const kept = [secretKeys.certificate, secretKeys.privateKey];
  return Object.fromEntries(kept.map((key) => [key, before.data[key] ?? '']));
}

/** What stands in for a client certificate that is not issued yet. */
export const DRY_RUN: CertificateData = {
  [secretKeys.certificate]: 'dry run\n',
  [secretKeys.privateKey]: 'dry run\n',
  [secretKeys.serverCa]: 'dry run\n',
};

/** The Secret of a client certificate. */
export const certificateSecret = (
  distribution: Pick<Distribution, 'metadata'>,
  { secretName }: WantedCertificate,
  data: CertificateData,
): PublishedContents => objectOf(distribution, { kind: 'Secret', name: secretName }, data);

const objectOf = (
  { metadata }: Pick<Distribution, 'metadata'>,
  { kind, name }: PublishedName,
  data: PublishedContents['data'],
): PublishedContents => ({
  kind,
  namespace: metadata.namespace,
  name,
  labels: { [MANAGED_BY_LABEL]: FIELD_MANAGER },
  annotations: { [annotations.managedBy]: metadata.name },
  data,
});

/** By the annotation it is this object's to write; the label is on what the operator itself has written. */
export function originOf({ labels, annotations: found }: PublishedObject, { metadata }: Distribution): SecretOrigin {
  if (found[annotations.managedBy] !== metadata.name) return 'Foreign';
  return labels[MANAGED_BY_LABEL] === FIELD_MANAGER ? 'Own' : 'HandedOver';
}
