/**
 * The bytes are a contract: other bytes of the same input would rewrite the Secrets of every user, and have whoever watches
 * them restart. So a golden file is never made again; another encoder is another format.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { javaTrustStore } from '../../../src/keystore/jks.ts';
import { macData } from '../../../src/keystore/password-encryption.ts';
import { keyStore, trustStore } from '../../../src/keystore/pkcs12.ts';
import { CERTIFICATES, CLIENT, golden } from './samples.ts';

const FILES: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  'truststore.p12': () => trustStore(CERTIFICATES, 'changeit'),
  'truststore-without-password.p12': () => trustStore(CERTIFICATES, ''),
  'truststore.jks': () => javaTrustStore(CERTIFICATES, 'changeit'),
  'keystore.p12': () => keyStore(CLIENT, 'correct horse'),
};

for (const [name, encode] of Object.entries(FILES)) {
  test(`${name} has the bytes that it always had, in whichever process it is encoded`, async () => {
    const expected = await golden(name);
    for (let round = 0; round < 2; round += 1) assert.deepEqual(Buffer.from(await encode()), expected);
  });
}

test('a truststore has other bytes for another password, other certificates, or another order', async () => {
  const [first, second] = CERTIFICATES;
  assert.ok(first !== undefined && second !== undefined);
  for (const encode of [trustStore, async (...given: Parameters<typeof trustStore>) => javaTrustStore(...given)]) {
    const all: readonly Uint8Array[] = [
      await encode([first, second], 'changeit'),
      await encode([first, second], 'changeit2'),
      await encode([second, first], 'changeit'),
      await encode([first], 'changeit'),
    ];
    assert.equal(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size, all.length);
  }
});

test('a keystore shares no salt and no vector between its parts, nor with one of another password', async () => {
  const [one, other] = [await keyStore(CLIENT, 'one'), await keyStore(CLIENT, 'other')];
  // Each is an OCTET STRING of 16 bytes.
  const saltsOf = (bytes: Uint8Array) =>
    Buffer.from(bytes)
      .toString('hex')
      .match(/0410[0-9a-f]{32}/g) ?? [];
  const salts = [...saltsOf(one), ...saltsOf(other)];
  assert.equal(salts.length, 10);
  assert.equal(new Set(salts).size, salts.length);
});

test('the MAC of a keystore leaves the event loop to others while it is made', async () => {
  let [turns, isMade] = [0, false];
  const mac = macData(Uint8Array.of(1), { password: 'correct horse', seed: Uint8Array.of(2) }).finally(() => {
    isMade = true;
  });
  for (; !isMade; turns += 1) await turn();
  await mac;
  assert.ok(turns >= 10, `it left ${turns} turns`);
});
