const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, DER, in its order. */
export const certificatesOf = (pem: string): readonly Uint8Array[] =>
  Array.from(pem.matchAll(BLOCK), ([, body = '']) => Buffer.from(body, 'base64'));
