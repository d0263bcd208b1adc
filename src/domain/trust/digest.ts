import { createHash, createHmac } from 'node:crypto';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

type Part = string | Uint8Array;

/** Each with its length: no two lists of parts are the same bytes. */
const framed = (parts: readonly Part[]): readonly Part[] =>
  parts.flatMap((part) => [`${Buffer.byteLength(part)}\n`, part]);

/** Of all of them together. */
export function digestOf(...parts: readonly Part[]): string {
  const hash = createHash('sha256');
  for (const part of framed(parts)) hash.update(part);
  return hash.digest('hex');
}

/** The same, which nobody can compute who does not have the key: what is secret cannot be guessed by it. */
export function keyedDigest(key: Uint8Array, ...parts: readonly Part[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of framed(parts)) hmac.update(part);
  return hmac.digest('hex');
}
