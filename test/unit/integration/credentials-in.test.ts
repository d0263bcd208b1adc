import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { credentialsIn } from '../../support/credentials-in.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const noise = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789';

describe('the search for credentials', () => {
  const credentials: readonly (readonly [string, string])[] = [
    ['a private key', privateKey],
    ['the body of a key, in JSON', JSON.stringify({ key: privateKey.split('\n').slice(1, 5).join('\n') })],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB'],
    ['a token of the emulator', `token ya29.emulator-${noise}`],
    ['a signed token', `eyJ${noise}.eyJ${noise}.${noise}`],
    ['a header', `authorization: bearer ${noise}`],
    ['what was caught at the last moment', '{"token":"[redacted]"}'],
  ];
  for (const [name, text] of credentials) {
    it(`the search for credentials finds ${name}`, () => assert.notDeepEqual(credentialsIn(`{"msg":"${text}"}`), []));
  }

  it('the search for credentials takes nothing else for one', () => {
    const text = JSON.stringify({
      uid: '7f0c0b6e-1f7a-4a8e-9d9c-2f1b3c4d5e6f',
      sha1: 'a'.repeat(40),
      sha256: '0123456789abcdef'.repeat(4),
      path: '/apis/cloudsql-ssl.dev/v1alpha1/namespaces/test-12345678/cloudsqlsslresets/orders-db/status',
      stack: 'at file:///home/somebody/work/cloudsql-ssl-operator/dist/cloudsql-ssl-operator.js:12:3456',
      news: 'the bearer of news',
    });
    assert.deepEqual(credentialsIn(text), []);
  });
});
