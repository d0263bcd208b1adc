/** The server CAs in the formats that the spec wants beside the PEM. */
import type { ServerCaSpec } from '../../domain/trust/distribution.ts';
import { certificatesOf } from '../../domain/trust/pem.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { ObjectData } from '../ports.ts';
import type { Encodings } from './encodings.ts';

type Format = NonNullable<ServerCaSpec['additionalFormats']>[number];
type Encode = (certificates: readonly Uint8Array[], password: string) => Promise<Uint8Array>;

const NOTHING = new Uint8Array();

/** The encoders are loaded where they are asked for, and nowhere else. */
const FORMATS: Readonly<Record<Format['format'], Encode>> = {
  PKCS12: async (certificates, password) =>
    (await import('../../keystore/pkcs12.ts')).trustStore(certificates, password),
  JKS: async (certificates, password) => (await import('../../keystore/jks.ts')).javaTrustStore(certificates, password),
  DER: async ([active = NOTHING]) => active,
};

/**
 * By key.
 * @param pem the active CA first
 * @param stored what the object holds now
 */
export async function serverCaFormats(
  { additionalFormats = [] }: Pick<ServerCaSpec, 'additionalFormats'>,
  { pem, stored, encodings }: { readonly pem: string; readonly stored: ObjectData; readonly encodings: Encodings },
): Promise<ObjectData> {
  const encoded = additionalFormats.map(async ({ format, key, password }): Promise<[string, Uint8Array]> => {
    const encode = () => FORMATS[format](certificatesOf(pem), password);
    return [key, await encodings.of([format, password, pem], ownValue(stored, key), encode)];
  });
  return Object.fromEntries(await Promise.all(encoded));
}

/** What stands in for them before the CA is known: bytes that are no text, as theirs. */
export const dryRunFormats = ({ additionalFormats = [] }: ServerCaSpec): ObjectData =>
  Object.fromEntries(additionalFormats.map(({ key }) => [key, Uint8Array.of(0x30, 0x80)]));
