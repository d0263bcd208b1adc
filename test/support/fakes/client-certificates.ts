// The polyfill has to be there before the X.509 library is.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { IssuedCertificate } from '../../../src/domain/call/result.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const MADE = 32;

async function make(n: number): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=client ${n}`,
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber: `01${n.toString(16).padStart(4, '0')}`,
    notBefore: new Date(Date.UTC(2026, 0, 1)),
    notAfter: new Date(Date.UTC(2036, 0, 1)),
  });
  return {
    sha1Fingerprint: Buffer.from(await certificate.getThumbprint('SHA-1')).toString('hex'),
    certificatePem: `${certificate.toString('pem').trim()}\n`,
    privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Made beforehand: within virtual time nothing may wait for real work. */
const made = await Promise.all(Array.from({ length: MADE }, (_, n) => make(n)));

/** Certificates with keys of their own, each handed out once. */
export class CertificateMaker {
  #next = 0;

  next(): IssuedCertificate {
    const certificate = made[this.#next];
    if (certificate === undefined) throw new Error(`More than ${MADE} client certificates were issued`);
    this.#next += 1;
    return certificate;
  }
}
