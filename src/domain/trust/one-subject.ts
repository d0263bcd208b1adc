/**
 * Two CAs that clients cannot tell apart. OpenSSL looks for the issuer of a server certificate by its subject, and by its
 * key identifier if there is one; without it, it takes the first CA of that subject and tries no other.
 */
import { X509Certificate } from 'node:crypto';
import type { ServerCa } from '../instance.ts';

/** No order of a bundle of both serves clients before and after a switch. What cannot be read is told apart. */
export function areAlike(one: ServerCa, other: ServerCa): boolean {
  const [a, b] = [one, other].map(({ pem }) => parse(pem));
  if (a === undefined || b === undefined || a.subject !== b.subject) return false;
  return !hasKeyIdentifier(a) || !hasKeyIdentifier(b);
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The identifier of the extension subjectKeyIdentifier, 2.5.29.14, in DER. */
const SUBJECT_KEY_IDENTIFIER = Buffer.from('0603551d0e', 'hex');

const hasKeyIdentifier = ({ raw }: X509Certificate): boolean => raw.includes(SUBJECT_KEY_IDENTIFIER);
