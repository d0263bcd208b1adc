/** A client certificate as its Secret holds it: together with its private key. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { utf8 } from '../../lib/bytes.ts';
import { toTime } from '../../lib/time.ts';

/** The keys of a Secret that holds a client certificate. */
export const secretKeys = {
  certificate: 'client-cert.pem',
  privateKey: 'client-key.pem',
  serverCa: 'server-ca.pem',
} as const;

export type CertificateData = Readonly<Record<(typeof secretKeys)[keyof typeof secretKeys], Uint8Array>>;

type Data = Readonly<Record<string, Uint8Array>>;

const NOTHING = new Uint8Array();

export const privateKeyIn = (data: Data): Uint8Array => data[secretKeys.privateKey] ?? NOTHING;

/** The certificate and the key of a Secret, beside these server CAs. */
export const withServerCa = (data: Data, serverCa: string): CertificateData => ({
  [secretKeys.certificate]: data[secretKeys.certificate] ?? NOTHING,
  [secretKeys.privateKey]: privateKeyIn(data),
  [secretKeys.serverCa]: utf8(serverCa),
});

export interface HeldCertificate {
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
  /** RFC 3339. */
  readonly expirationTime: string;
}

/** What there is, if the certificate can be read and the key is its own. */
export function heldCertificate(data: Data): HeldCertificate | undefined {
  const { [secretKeys.certificate]: pem = NOTHING, [secretKeys.privateKey]: key = NOTHING } = data;
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(Buffer.from(key)))) return undefined;
    return {
      sha1Fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      expirationTime: toTime(certificate.validToDate),
    };
  } catch {
    return undefined;
  }
}
