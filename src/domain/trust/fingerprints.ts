import { createHash } from 'node:crypto';
import { certificatesOf } from './pem.ts';

/** SHA-1 of each certificate in a PEM bundle, lower-case hex. */
export const fingerprintsIn = (pem: string): readonly string[] =>
  certificatesOf(pem).map((der) => createHash('sha1').update(der).digest('hex'));
