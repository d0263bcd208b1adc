import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { pkcs8Pem } from '../../../../src/domain/trust/private-key.ts';

const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { privateKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const FORMS = [
  { name: 'PKCS#1', pem: rsa.export({ type: 'pkcs1', format: 'pem' }), key: rsa },
  { name: 'SEC 1', pem: ec.export({ type: 'sec1', format: 'pem' }), key: ec },
  { name: 'PKCS#8', pem: rsa.export({ type: 'pkcs8', format: 'pem' }), key: rsa },
];

for (const { name, pem, key } of FORMS) {
  test(`a private key in ${name} becomes the same key in PKCS#8, and stays as it is from then on`, () => {
    const published = pkcs8Pem(pem.toString());
    assert.match(published, /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/);
    assert.ok(createPrivateKey(published).equals(key));
    assert.equal(pkcs8Pem(published), published);
  });
}

test('a text that is no private key is refused', () => assert.throws(() => pkcs8Pem('-----BEGIN PRIVATE KEY-----\n')));
