/** The little of ASN.1 DER (X.690) that a PKCS#12 file is made of. */

const TAGS = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

const MULTI_BYTE = 0x80;

function lengthOf(length: number): readonly number[] {
  if (length < MULTI_BYTE) return [length];
  const bytes = bigEndian(length);
  return [MULTI_BYTE | bytes.length, ...bytes];
}

function bigEndian(value: number): readonly number[] {
  const low = value % 256;
  return value < 256 ? [low] : [...bigEndian(Math.floor(value / 256)), low];
}

const element = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const length = contents.reduce((sum, one) => sum + one.length, 0);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(length)), ...contents]);
};

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => element(TAGS.sequence, ...contents);

/** In the order that DER demands: by their bytes. */
export const setOf = (...contents: readonly Uint8Array[]): Uint8Array =>
  element(TAGS.set, ...contents.toSorted(Buffer.compare));

export const octetString = (bytes: Uint8Array): Uint8Array => element(TAGS.octetString, bytes);

export const nothing = (): Uint8Array => element(TAGS.null);

/** @param value a whole number, not negative */
export function integer(value: number): Uint8Array {
  const bytes = bigEndian(value);
  const isTakenAsNegative = (bytes[0] ?? 0) >= MULTI_BYTE;
  return element(TAGS.integer, Uint8Array.from(isTakenAsNegative ? [0, ...bytes] : bytes));
}

/** Of ASCII, in which each character is two bytes. */
export const bmpString = (text: string): Uint8Array => element(TAGS.bmpString, utf16(text));

export const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le').swap16();

/** @param dotted such as `1.2.840.113549.1.7.1` */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAGS.objectIdentifier, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): readonly number[] {
  const groups = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
    groups.unshift(MULTI_BYTE | (left % 128));
  return groups;
}

const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/** `[0] EXPLICIT` */
export const explicit0 = (content: Uint8Array): Uint8Array => element(CONTEXT | CONSTRUCTED, content);

/** `[0] IMPLICIT OCTET STRING` */
export const implicit0 = (bytes: Uint8Array): Uint8Array => element(CONTEXT, bytes);
