/** What Node's TLS makes of a keystore: the judge of it that needs nothing but npm. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { certificatesOf } from '../../../src/domain/trust/pem.ts';
import { keyStore } from '../../../src/keystore/pkcs12.ts';
import { createAuthority, issue } from '../../cloudsql-emulator/certificates.ts';
import { greeting, startTlsServer } from '../../support/tls/tls-server.ts';

const authority = await createAuthority('Google Cloud SQL Server CA', { hasKeyIdentifier: false });
const ca = authority.certificate.pem;
const client = await issue(authority, { commonName: 'orders-api', usage: 'Client' });
const [certificate = new Uint8Array()] = certificatesOf(client.certificate.pem);
const privateKey = createPrivateKey(client.privateKey).export({ type: 'pkcs8', format: 'der' });

const server = async () => {
  const own = await issue(authority, { commonName: 'acme-prod:orders-db', usage: 'Server' });
  return startTlsServer({
    cert: own.certificate.pem,
    key: own.privateKey,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
};

for (const password of ['x', 'correct horse battery staple', ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'a'.repeat(128)]) {
  test(`a keystore with the password ${password} lets Node in where a client certificate is demanded`, async () => {
    await using listening = await server();
    const pfx = Buffer.from(await keyStore({ privateKey, certificate }, password));
    assert.equal(await greeting(listening, { ca, pfx, passphrase: password }), 'orders-api');
  });
}

test('a keystore is refused by Node with another password', async () => {
  await using listening = await server();
  const pfx = Buffer.from(await keyStore({ privateKey, certificate }, 'right'));
  await assert.rejects(greeting(listening, { ca, pfx, passphrase: 'wrong' }), /mac verify failure/);
});
