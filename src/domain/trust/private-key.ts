import { createPrivateKey } from 'node:crypto';

/**
 * PKCS#8: the one PEM form that every client takes. pgjdbc 42.7.14 and native-tls 0.2.18 refuse PKCS#1, in which Cloud
 * SQL answers a key.
 * @throws Error where the text is no private key
 */
export const pkcs8Pem = (pem: string): string =>
  createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();

/** @throws Error where the text is no private key */
export const pkcs8Der = (pem: string): Uint8Array => createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
