/** Which objects are published into, what is in each, and whose it is. */
import type { ServerCas } from '../../domain/instance.ts';
import { annotations, FIELD_MANAGER } from '../../domain/object.ts';
import type { SecretOrigin } from '../../domain/trust/client-certificate.ts';
import type { Distribution, WantedCertificate } from '../../domain/trust/distribution.ts';
import { type CertificateData, heldCertificate, secretKeys } from '../../domain/trust/held-certificate.ts';
import { type PublishedName, serverCaTargets } from '../../domain/trust/published-kinds.ts';
import { serverCaPem } from '../../domain/trust/tls-material.ts';
import { utf8 } from '../../lib/bytes.ts';
import type { ObjectData, PublishedContents, PublishedObject, PublishedObjectRef } from '../ports.ts';
import {
  dryRunFormats as certificateDryRunFormats,
  isTls,
  type Sources,
  TLS_TYPE,
  withFormats,
} from './certificate-formats.ts';
import type { Encodings } from './encodings.ts';
import { managedByOf, type Owner } from './owner.ts';
import { dryRunFormats, serverCaFormats } from './server-ca-formats.ts';

const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

/** The object that is to hold the server CA; undefined where the spec asks for none. */
export function serverCaTarget({ metadata, spec }: Distribution): PublishedObjectRef | undefined {
  const [target] = spec.serverCa === undefined ? [] : serverCaTargets(spec.serverCa);
  return target && { namespace: metadata.namespace, ...target };
}

/** The object with all its keys, and what stands in for the CA before that is known. */
export function serverCaDryRun(distribution: Distribution): PublishedContents | undefined {
  const { serverCa } = distribution.spec;
  const target = serverCaTarget(distribution);
  if (serverCa === undefined || target === undefined) return undefined;
  return objectOf(distribution, target, { ...dryRunFormats(serverCa), [serverCa.key]: utf8('dry run\n') });
}

/**
 * The object with all that it is to hold, over what it held before; undefined where the spec asks for none.
 * @param cas those that are published, the active one first
 */
export async function serverCaContents(
  distribution: Distribution,
  cas: ServerCas,
  { before, encodings }: { readonly before: PublishedObject | undefined; readonly encodings: Encodings },
): Promise<PublishedContents | undefined> {
  const { serverCa } = distribution.spec;
  const target = serverCaTarget(distribution);
  if (serverCa === undefined || target === undefined) return undefined;
  const pem = serverCaPem(cas);
  const formats = await serverCaFormats(serverCa, { pem, stored: before?.data ?? {}, encodings });
  const data = { ...keyOnItsWay(distribution, before), ...formats, [serverCa.key]: utf8(pem) };
  return objectOf(distribution, target, data);
}

/** A client certificate that the spec now wants elsewhere is still to be moved out of the Secret, with its only key. */
function keyOnItsWay({ status }: Distribution, before: PublishedObject | undefined): ObjectData {
  const held = before && heldCertificate(before.data);
  const isThere = (status.clientCertificates ?? []).some(
    (one) => one.secretName === before?.name && one.sha1Fingerprint === held?.sha1Fingerprint,
  );
  if (held === undefined || before === undefined || !isThere) return {};
  const kept: readonly string[] = [secretKeys.certificate, secretKeys.privateKey];
  return Object.fromEntries(Object.entries(before.data).filter(([key]) => kept.includes(key)));
}

const STAND_IN = utf8('dry run\n');

/** The Secret of a client certificate with all its keys, and what stands in for what is not issued yet. */
export function certificateDryRun(
  owner: Owner,
  wanted: WantedCertificate,
  before: PublishedObject | undefined,
): PublishedContents {
  const base = Object.fromEntries(Object.values(secretKeys).map((key) => [key, STAND_IN]));
  return certificateSecret(owner, wanted, { ...certificateDryRunFormats(wanted, before, STAND_IN), ...base });
}

/** The Secret of a client certificate with all that it is to hold, over what it held before. */
export const certificateContents = async (
  owner: Owner,
  wanted: WantedCertificate,
  { data, ...sources }: Sources & { readonly data: CertificateData; readonly before: PublishedObject | undefined },
): Promise<PublishedContents> => certificateSecret(owner, wanted, await withFormats(wanted, data, sources));

const certificateSecret = (owner: Owner, wanted: WantedCertificate, data: ObjectData): PublishedContents => ({
  ...objectOf(owner, { kind: 'Secret', name: wanted.secretName }, data),
  ...((wanted.additionalFormats ?? []).some(isTls) && { type: TLS_TYPE }),
});

const objectOf = (owner: Owner, { kind, name }: PublishedName, data: ObjectData): PublishedContents => ({
  kind,
  namespace: owner.metadata.namespace,
  name,
  labels: { [MANAGED_BY_LABEL]: FIELD_MANAGER },
  annotations: { [annotations.managedBy]: managedByOf(owner) },
  data,
});

/** By the annotation it is this object's to write; the label is on what the operator itself has written. */
export function originOf({ labels, annotations: found }: PublishedObject, distribution: Distribution): SecretOrigin {
  if (found[annotations.managedBy] !== managedByOf(distribution)) return 'Foreign';
  return labels[MANAGED_BY_LABEL] === FIELD_MANAGER ? 'Own' : 'HandedOver';
}
