/** What Node's TLS, on OpenSSL, and a reader of the first block alone make of the published PEM. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { serverCaPem } from '../../../src/domain/trust/tls-material.ts';
import { type Authority, createAuthority, issue } from '../../cloudsql-emulator/certificates.ts';
import { greeting, startTlsServer } from '../../support/tls/tls-server.ts';

/** As the CAs of an instance before and after a reset are at worst: nothing but the key distinguishes them. */
const make = (): Promise<Authority> =>
  createAuthority('Google Cloud SQL Server CA', { qualifier: 'one', hasKeyIdentifier: false });
const [before, active] = [await make(), await make()];
const ca = ({ certificate: { pem, sha1Fingerprint } }: Authority) => ({ pem, sha1Fingerprint });
const bundle = serverCaPem([ca(active), ca(before)]);

const server = async () => {
  const { certificate, privateKey } = await issue(active, { commonName: 'acme-prod:orders-db', usage: 'Server' });
  return startTlsServer({ cert: `${certificate.pem}\n${active.certificate.pem}`, key: privateKey });
};

test('the published PEM lets a client on OpenSSL in, also where both CAs have one subject and no key identifiers', async () => {
  await using listening = await server();
  assert.equal(await greeting(listening, { ca: bundle }), '');
});

test('a PEM with the active CA behind another one of its subject keeps a client on OpenSSL out', async () => {
  await using listening = await server();
  const oldFirst = serverCaPem([ca(before), ca(active)]);
  await assert.rejects(greeting(listening, { ca: oldFirst }), { code: 'CERT_SIGNATURE_FAILURE' });
});

test('the published PEM shows the active CA to a client that reads its first block alone', () =>
  assert.equal(new X509Certificate(bundle).fingerprint, new X509Certificate(active.certificate.pem).fingerprint));
