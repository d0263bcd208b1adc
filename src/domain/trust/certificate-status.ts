/** What the status holds of client certificates. */
import type { ClientCertificateStatus, Distribution, WantedCertificate } from './distribution.ts';
import type { HeldCertificate } from './held-certificate.ts';

export const wantsCertificates = ({ spec: { clientCertificates = [] } }: Pick<Distribution, 'spec'>): boolean =>
  clientCertificates.length > 0;

export const recordedCertificate = (
  { status: { clientCertificates = [] } }: Pick<Distribution, 'status'>,
  commonName: string,
): ClientCertificateStatus | undefined => clientCertificates.find((one) => one.commonName === commonName);

/** A certificate whose issue was recorded and is not known to have ended in its Secret. */
export type OpenIssue = ClientCertificateStatus & {
  readonly issuing: NonNullable<ClientCertificateStatus['issuing']>;
};

/** Only one certificate is issued at a time. */
export const openIssue = ({
  status: { clientCertificates = [] },
}: Pick<Distribution, 'status'>): OpenIssue | undefined =>
  clientCertificates.find((one): one is OpenIssue => one.issuing !== undefined);

/** The list with this entry in the place of the one of its name. */
export function withCertificate(
  certificates: readonly ClientCertificateStatus[],
  entry: ClientCertificateStatus,
): readonly ClientCertificateStatus[] {
  const others = certificates.filter(({ commonName }) => commonName !== entry.commonName);
  return isWorthKeeping(entry) ? [...others, entry] : others;
}

/** The entry of one that is in its Secret. `digest`: of its passwords; one that has none now keeps what was rolled for. */
export function entryOf(
  { commonName, secretName }: WantedCertificate,
  held: HeldCertificate,
  { past, digest }: { readonly past: ClientCertificateStatus | undefined; readonly digest: string | undefined },
): ClientCertificateStatus {
  const kept = past?.sha1Fingerprint === held.sha1Fingerprint ? past.passwordDigest : undefined;
  const passwordDigest = digest ?? kept;
  return { commonName, secretName, ...held, ...(passwordDigest !== undefined && { passwordDigest }) };
}

/** A name alone says nothing. */
const isWorthKeeping = ({ sha1Fingerprint, issuing, reason }: ClientCertificateStatus): boolean =>
  sha1Fingerprint !== undefined || issuing !== undefined || reason !== undefined;

/** Nothing stands in its way any more, or it is tried once more. */
export function withoutReason({ reason: _reason, message: _message, ...entry }: ClientCertificateStatus) {
  return entry;
}

/** As before the record: nothing was issued under it. */
export function withoutIssue({ issuing: _issuing, ...entry }: ClientCertificateStatus): ClientCertificateStatus {
  return entry;
}
