import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issue, issueFor } from '../../cloudsql-emulator/certificates.ts';

const authority = await createAuthority('Google Cloud SQL Server CA');
const root = new X509Certificate(authority.certificate.pem);

test('an authority is a self-signed CA that is valid for ten years', () => {
  assert.ok(root.ca && root.verify(root.publicKey));
  const years = (Date.parse(root.validTo) - Date.parse(root.validFrom)) / 31_536_000_000;
  assert.equal(years, 10);
});

test('two authorities of one name have names of their own', async () => {
  const other = await createAuthority('Google Cloud SQL Server CA');
  assert.notEqual(other.certificate.commonName, authority.certificate.commonName);
  assert.notEqual(other.certificate.sha1Fingerprint, authority.certificate.sha1Fingerprint);
});

test('no two certificates are made at the same time, so that the newer one can be told', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => createAuthority('Google Cloud SQL Server CA')));
  assert.equal(new Set(made.map(({ certificate }) => certificate.createTime)).size, 20);
});

test('the fingerprint is the lower-case SHA-1 of the DER form', () => {
  assert.equal(authority.certificate.sha1Fingerprint, createHash('sha1').update(root.raw).digest('hex'));
});

test('the serial number is the one in the certificate, in decimal', () => {
  assert.equal(authority.certificate.serialNumber, BigInt(`0x${root.serialNumber}`).toString());
});

test('an issued certificate is signed by its authority and fits its key', async () => {
  const { certificate, privateKey } = await issue(authority, { commonName: 'p:i', usage: 'Server' });
  const parsed = new X509Certificate(certificate.pem);
  assert.ok(parsed.verify(root.publicKey) && parsed.checkIssued(root));
  assert.ok(parsed.checkPrivateKey(createPrivateKey(privateKey)));
  assert.match(parsed.subject, /CN=p:i/);
});

test('a private key comes as PKCS#1, as from Cloud SQL', async () => {
  const { privateKey } = await issue(authority, { commonName: 'app', usage: 'Client' });
  assert.match(privateKey, /^-----BEGIN RSA PRIVATE KEY-----\n/);
});

test('a key of the client is signed whatever its armour says', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  for (const armoured of [pem, pem.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY')]) {
    const certificate = await issueFor(authority, armoured, { commonName: 'e', usage: 'Client' });
    assert.ok(new X509Certificate(certificate.pem).publicKey.equals(publicKey));
  }
});
