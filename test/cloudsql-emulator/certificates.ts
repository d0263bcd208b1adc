// The polyfill has to be there before the X.509 library is.
import 'reflect-metadata';
import { KeyObject, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const dayMs = 86_400_000;
export const yearMs = 365 * dayMs;
export const tenYears: Life = { ageMs: 0, lifetimeMs: 10 * yearMs };
const dnQualifier = '2.5.4.46';

/** A certificate as the API describes it. */
export interface Certificate {
  readonly pem: string;
  /** Decimal, as the API writes it. */
  readonly serialNumber: string;
  readonly commonName: string;
  /** SHA-1 of the DER form, lower-case hex. */
  readonly sha1Fingerprint: string;
  readonly createTime: string;
  readonly expirationTime: string;
}

/** A certificate authority: what it signs with stays inside. */
export interface Authority {
  readonly certificate: Certificate;
  readonly root: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

export interface KeyedCertificate {
  readonly certificate: Certificate;
  /** PKCS#1 PEM, as Cloud SQL gives it. */
  readonly privateKey: string;
}

/** From when to when a certificate is valid: how long it has been already when it is made, and how long in all. */
export interface Life {
  readonly ageMs: number;
  readonly lifetimeMs: number;
}

export interface AuthorityOptions {
  /** Distinguishes its subject from others of the same name; by default one of its own. */
  readonly qualifier?: string;
  /** Whether it says which key it has, by which clients tell authorities of one subject apart; by default it does. */
  readonly hasKeyIdentifier?: boolean;
  readonly life?: Life;
}

export interface IssueOptions {
  readonly commonName: string;
  readonly usage: 'Server' | 'Client';
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly life?: Life;
  /** With the one key pair that all such certificates of this process have. */
  readonly hasSharedKey?: boolean;
}

const sha1 = async (certificate: x509.X509Certificate): Promise<string> =>
  Buffer.from(await certificate.getThumbprint('SHA-1')).toString('hex');

let latest = 0;

/** No two are the same: clients tell the order of certificates by their times. */
const timeOfMaking = (): number => {
  latest = Math.max(Date.now(), latest + 1);
  return latest;
};

interface Validity {
  /** With the milliseconds that the certificate has no room for. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const validity = ({ ageMs, lifetimeMs }: Life): Validity => {
  const start = timeOfMaking() - ageMs;
  return { notBefore: new Date(start), notAfter: new Date(start + lifetimeMs) };
};

const describe = async (
  certificate: x509.X509Certificate,
  commonName: string,
  { notBefore }: Validity,
): Promise<Certificate> => ({
  pem: certificate.toString('pem'),
  serialNumber: BigInt(`0x${certificate.serialNumber}`).toString(),
  commonName,
  sha1Fingerprint: await sha1(certificate),
  createTime: notBefore.toISOString(),
  expirationTime: certificate.notAfter.toISOString(),
});

/** Positive, and small enough that every X.509 implementation reads it. */
const serialNumber = (): string => `01${randomBytes(7).toString('hex')}`;

const generateKeys = () => webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);

/** Cloud SQL's authorities have RSA keys. To make one takes up to a second on a busy machine, and no client can tell. */
const authorityKey = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A self-signed root with a name of its own, as Cloud SQL makes one for each instance. */
export const createAuthority = async (
  name: string,
  { qualifier = randomUUID(), hasKeyIdentifier = true, life = tenYears }: AuthorityOptions = {},
): Promise<Authority> => {
  const valid = validity(life);
  const keys = await webcrypto.subtle.generateKey(authorityKey, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ [dnQualifier]: [qualifier] }, { CN: [name] }, { O: ['Google, Inc'] }, { C: ['US'] }],
    keys,
    signingAlgorithm: authorityKey,
    serialNumber: serialNumber(),
    ...valid,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      ...(hasKeyIdentifier ? [await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)] : []),
    ],
  });
  const commonName = `C=US,O=Google\\, Inc,CN=${name},dnQualifier=${qualifier}`;
  return { certificate: await describe(root, commonName, valid), root, signingKey: keys.privateKey };
};

const sign = async (
  authority: Authority,
  publicKey: webcrypto.CryptoKey,
  { commonName, usage, dnsNames = [], ipAddresses = [], life = tenYears }: IssueOptions,
): Promise<Certificate> => {
  const valid = validity(life);
  const names: readonly x509.JsonGeneralName[] = [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [commonName] }, { O: ['Google, Inc'] }, { C: ['US'] }],
    issuer: authority.root.subjectName,
    publicKey,
    signingKey: authority.signingKey,
    signingAlgorithm: authorityKey,
    serialNumber: serialNumber(),
    ...valid,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage === 'Server' ? 'serverAuth' : 'clientAuth']]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return describe(certificate, commonName, valid);
};

let sharedKeys: ReturnType<typeof generateKeys> | undefined;

/** To make an RSA key takes up to seconds on a busy machine: so there are few, and certificates take turns at them. */
const keyPairs: ReturnType<typeof generateKeys>[] = [];
const KEY_PAIRS = 16;
let issued = 0;

/** Another pair than each of the last certificates has. */
const nextKeys = (): ReturnType<typeof generateKeys> => {
  const turn = issued++ % KEY_PAIRS;
  const keys = keyPairs[turn] ?? generateKeys();
  keyPairs[turn] = keys;
  return keys;
};

const keysFor = ({ hasSharedKey = false }: IssueOptions): ReturnType<typeof generateKeys> => {
  if (!hasSharedKey) return nextKeys();
  sharedKeys ??= generateKeys();
  return sharedKeys;
};

/** Makes a key pair and a certificate for it. */
export const issue = async (authority: Authority, options: IssueOptions): Promise<KeyedCertificate> => {
  const keys = await keysFor(options);
  const privateKey = KeyObject.from(keys.privateKey).export({ type: 'pkcs1', format: 'pem' }).toString();
  return { certificate: await sign(authority, keys.publicKey, options), privateKey };
};

/** The armour says `RSA PUBLIC KEY` or `PUBLIC KEY`, depending on the connector; the contents are SPKI in both. */
const publicKeyOf = (pem: string) => {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('spki', der, rsa, true, ['verify']);
};

/** Signs a key that the client keeps: the certificate that a connector works with for an hour. */
export const issueFor = async (authority: Authority, publicKey: string, options: IssueOptions): Promise<Certificate> =>
  sign(authority, await publicKeyOf(publicKey), options);
