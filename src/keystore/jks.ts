/** Java's own keystore, as `sun.security.provider.JavaKeyStore` of OpenJDK writes version 2 of it. */
import { createHash } from 'node:crypto';
import { utf16 } from './der.ts';

const MAGIC = 0xfe_ed_fe_ed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
const DIGEST_PHRASE = 'Mighty Aphrodite';

/**
 * A truststore with these certificates, DER. The same input gives the same bytes; DO NOT CHANGE THEM.
 * @param password ASCII; it protects nothing but against a change by accident
 */
export function javaTrustStore(certificates: readonly Uint8Array[], password: string): Uint8Array {
  const entries = certificates.flatMap((der, index) => [
    uint32(TRUSTED_CERTIFICATE),
    text(`server-ca-${index + 1}`),
    // When the entry was made, in milliseconds: a time of its own for each encoding would be other bytes each time.
    new Uint8Array(8),
    text('X.509'),
    uint32(der.length),
    der,
  ]);
  const store = Buffer.concat([uint32(MAGIC), uint32(VERSION), uint32(certificates.length), ...entries]);
  const digest = createHash('sha1').update(utf16(password)).update(DIGEST_PHRASE).update(store).digest();
  return Buffer.concat([store, digest]);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Java's modified UTF-8, which of ASCII is ASCII, after its length in two bytes. */
function text(ascii: string): Uint8Array {
  const bytes = Buffer.from(`\0\0${ascii}`, 'latin1');
  bytes.writeUInt16BE(ascii.length);
  return bytes;
}
