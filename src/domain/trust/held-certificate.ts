/** A client certificate as its Secret holds it: together with its private key. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { toTime } from '../../lib/time.ts';

/** The keys of a Secret that holds a client certificate. */
export const secretKeys = {
  certificate: 'client-cert.pem',
  privateKey: 'client-key.pem',
  serverCa: 'server-ca.pem',
} as const;

export type CertificateData = Readonly<Record<(typeof secretKeys)[keyof typeof secretKeys], string>>;

/** The certificate and the key of a Secret, beside these server CAs. */
export const withServerCa = (data: Readonly<Record<string, string>>, serverCa: string): CertificateData => ({
  [secretKeys.certificate]: data[secretKeys.certificate] ?? '',
  [secretKeys.privateKey]: data[secretKeys.privateKey] ?? '',
  [secretKeys.serverCa]: serverCa,
});

export interface HeldCertificate {
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
  /** RFC 3339. */
  readonly expirationTime: string;
}

/** What there is, if the certificate can be read and the key is its own. */
export function heldCertificate(data: Readonly<Record<string, string>>): HeldCertificate | undefined {
  const { [secretKeys.certificate]: pem = '', [secretKeys.privateKey]: key = '' } = data;
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return {
      sha1Fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      expirationTime: toTime(certificate.validToDate),
    };
  } catch {
    return undefined;
  }
}
