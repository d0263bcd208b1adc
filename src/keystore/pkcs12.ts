/**
 * PKCS#12 files (RFC 7292) that Java, OpenSSL, Node and .NET read. The same input gives the same bytes. DO NOT CHANGE
 * THEM: other bytes would rewrite every Secret, and have whoever watches it restart.
 */
import { bmpString, explicit0, implicit0, integer, objectIdentifier, octetString, sequence, setOf } from './der.ts';
import { type Encrypted, encrypt, macData, type Protection } from './password-encryption.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const;

/**
 * A truststore with these certificates, each trusted.
 * @param certificates DER
 * @param password ASCII; '': neither encrypted nor with a MAC, so that no reader needs one
 */
export async function trustStore(certificates: readonly Uint8Array[], password: string): Promise<Uint8Array> {
  const bags = certificates.map((der, index) => certificateBag(der, [friendlyName(`server-ca-${index + 1}`), TRUSTED]));
  if (password === '') return file([plainContents(bags)]);
  const protection = { password, seed: Buffer.concat(certificates) };
  return file([await encryptedContents(bags, protection)], protection);
}

/** A private key, PKCS#8 DER, with its certificate, DER. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/** pgjdbc looks for this name, and for no other: `PKCS12KeyManager`. */
const KEY_NAME = 'user';

/** @param password ASCII, not empty */
export async function keyStore({ privateKey, certificate }: KeyPair, password: string): Promise<Uint8Array> {
  const protection = { password, seed: Buffer.concat([privateKey, certificate]) };
  const attributes = [friendlyName(KEY_NAME), attribute(OID.localKeyId, octetString(Uint8Array.of(1)))];
  const encryptedKey = await encrypt(privateKey, 'key', protection);
  const keyBag = bag(OID.shroudedKeyBag, shrouded(encryptedKey), attributes);
  const certificates = await encryptedContents([certificateBag(certificate, attributes)], protection);
  return file([certificates, plainContents([keyBag])], protection);
}

const VERSION = 3;

/** The `PFX` around these contents; without protection it has no MAC. */
async function file(contents: readonly Uint8Array[], protection?: Protection): Promise<Uint8Array> {
  const safe = sequence(...contents);
  const mac = protection === undefined ? [] : [await macData(safe, protection)];
  return sequence(integer(VERSION), dataInfo(safe), ...mac);
}

const dataInfo = (bytes: Uint8Array): Uint8Array => sequence(objectIdentifier(OID.data), explicit0(octetString(bytes)));

const plainContents = (bags: readonly Uint8Array[]): Uint8Array => dataInfo(sequence(...bags));

async function encryptedContents(bags: readonly Uint8Array[], protection: Protection): Promise<Uint8Array> {
  const { algorithm, bytes } = await encrypt(sequence(...bags), 'certificates', protection);
  const info = sequence(objectIdentifier(OID.data), algorithm, implicit0(bytes));
  return sequence(objectIdentifier(OID.encryptedData), explicit0(sequence(integer(0), info)));
}

const shrouded = ({ algorithm, bytes }: Encrypted): Uint8Array => sequence(algorithm, octetString(bytes));

const certificateBag = (der: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array =>
  bag(OID.certificateBag, sequence(objectIdentifier(OID.x509Certificate), explicit0(octetString(der))), attributes);

const bag = (type: string, value: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array =>
  sequence(objectIdentifier(type), explicit0(value), setOf(...attributes));

const attribute = (type: string, value: Uint8Array): Uint8Array => sequence(objectIdentifier(type), setOf(value));

const friendlyName = (name: string): Uint8Array => attribute(OID.friendlyName, bmpString(name));

/** Without it Java has no entry for the certificate, and trusts nothing: seen in 17 and 25. */
const TRUSTED = attribute(OID.trustedKeyUsage, objectIdentifier(OID.anyExtendedKeyUsage));
