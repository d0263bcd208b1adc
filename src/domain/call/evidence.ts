/** What a reset leaves behind on the instance, which tells that one was executed. */
import type { Before } from './operation.ts';

/** What a reset renews on the server's side, as far as the instance's mode makes it worth a read. */
export interface ServerCertificates {
  readonly serverCaSha1Fingerprint?: string;
  /** All server CAs of a First Generation instance: the new one is listed before it is active. */
  readonly serverCas?: readonly string[];
  /** Where a CA service keeps the CA. */
  readonly serverCertificateSha1Fingerprint?: string;
}

/** Another server CA or server certificate than before, of the kind that a reset makes. */
export function hasOtherServerCertificate(before: Before, now: ServerCertificates): boolean {
  const ca = now.serverCaSha1Fingerprint;
  const listed = now.serverCas ?? (ca === undefined ? [] : [ca]);
  // The active CA of a First Generation instance changes with a restart, also to one that was made before the call.
  if (before.serverCas !== undefined) return listed.some((one) => before.serverCas?.includes(one) === false);
  const isOther = ca !== before.serverCaSha1Fingerprint && !wasListed(before, ca);
  return isOther || hasNewServerCertificate(before, now);
}

/** What was listed beside the active one and became active was switched to by somebody: no reset has made it. */
const wasListed = ({ alsoListed = [] }: Before, fingerprint: string | undefined): boolean =>
  fingerprint !== undefined && alsoListed.includes(fingerprint);

/** A certificate that the API does not show is no evidence. */
export function hasNewServerCertificate(
  before: Before,
  { serverCertificateSha1Fingerprint: now }: ServerCertificates,
): boolean {
  const was = before.serverCertificateSha1Fingerprint;
  return was !== undefined && now !== undefined && was !== now && !wasListed(before, now);
}

/** In what a reset may show. */
export interface Traces extends ServerCertificates {
  readonly clientCertificates: readonly string[];
}

export function evidenceAgrees(before: Before, now: Traces): boolean {
  if (hasOtherServerCertificate(before, now)) return true;
  return (before.clientCertificates ?? []).some((fingerprint) => !now.clientCertificates.includes(fingerprint));
}
