export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The text that the bytes are in UTF-8; what is none is replaced. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

export const isSameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
