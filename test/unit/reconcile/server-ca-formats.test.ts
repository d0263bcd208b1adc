import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { Encodings } from '../../../src/reconcile/publishing/encodings.ts';
import { serverCaFormats } from '../../../src/reconcile/publishing/server-ca-formats.ts';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const CA = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' } as const;
const P12 = { format: 'PKCS12', key: 'truststore.p12', password: 'changeit' } as const;
const JKS = { format: 'JKS', key: 'truststore.jks', password: 'changeit' } as const;
const DER = { format: 'DER', key: 'server-ca.der', password: 'changeit' } as const;
type Format = typeof P12 | typeof JKS | typeof DER;

const serverCa = (...additionalFormats: readonly Format[]) =>
  ({ secretName: CA.name, key: 'server-ca.pem', contents: 'All', additionalFormats }) as const;

const authorities = [await createAuthority('one'), await createAuthority('two')];
const pem = authorities.map(({ certificate }) => `${certificate.pem.trim()}\n`).join('');

describe('the formats of the server CA', () => {
  test('the formats of the server CA are made of the same CAs as the PEM, and DER of the active one alone', async () => {
    const encodings = new Encodings();
    const additionalFormats = [P12, JKS, DER];
    const data = await serverCaFormats({ additionalFormats }, { pem, stored: {}, encodings });
    assert.deepEqual(Object.keys(data), ['truststore.p12', 'truststore.jks', 'server-ca.der']);
    const der = new X509Certificate(data['server-ca.der'] ?? '');
    assert.equal(der.fingerprint, new X509Certificate(pem).fingerprint);
    const jks = Buffer.from(data['truststore.jks'] ?? '');
    for (const { certificate } of authorities) assert.ok(jks.includes(new X509Certificate(certificate.pem).raw));
  });

  test('the formats of the server CA that are stored are not encoded again while they are what was encoded', async () => {
    const encodings = new Encodings();
    let encoded = 0;
    const look = (input: string, stored: Uint8Array | undefined) =>
      encodings.of([input], stored, async () => {
        encoded += 1;
        return Uint8Array.of(1, 2);
      });
    const first = await look('a', undefined);
    const again = Uint8Array.of(1, 2);
    assert.equal(await look('a', again), again);
    assert.deepEqual([encoded, first], [1, Uint8Array.of(1, 2)]);
    await look('a', Uint8Array.of(1, 3));
    await look('a', undefined);
    assert.equal(encoded, 3, 'what somebody has changed or removed is encoded again');
    await look('b', again);
    assert.equal(encoded, 4, 'and so is another input');
  });

  test('the formats of the server CA are published under keys that are names of what every object of JavaScript inherits, and nothing is rewritten then', async () => {
    const keyed = {
      secretName: CA.name,
      key: 'constructor',
      contents: 'All',
      additionalFormats: [{ ...DER, key: 'valueOf' }],
    } as const;
    const fixture = new Fixture({ spec: { serverCa: keyed } });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    assert.deepEqual(Object.keys(fixture.objects.dataOf(CA)).toSorted(), ['constructor', 'valueOf']);
    const writes = fixture.objects.writes;
    await new Operator(fixture).drive();
    assert.equal(fixture.objects.writes, writes);
  });

  test('the formats of the server CA are published beside the PEM, in one write, before anything rolls', async () => {
    const fixture = new Fixture({ spec: { serverCa: serverCa(P12, JKS, DER) } });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    const data = fixture.objects.dataOf(CA);
    assert.deepEqual(Object.keys(data).toSorted(), [
      'server-ca.der',
      'server-ca.pem',
      'truststore.jks',
      'truststore.p12',
    ]);
    assert.equal(toTexts(data)['server-ca.pem'], 'CA 2\n');
    assert.equal(fixture.objects.writes, 1);
  });

  test('the formats of the server CA that an object does not ask for leave its write as it was', async () => {
    const fixture = new Fixture();
    await new Operator(fixture).drive();
    assert.deepEqual(toTexts(fixture.objects.dataOf(CA)), { 'server-ca.pem': 'CA 2\n' });
  });

  test('a format of the server CA that the spec names no longer goes with its key, and nothing else happens', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a', serverCa: serverCa(P12, JKS) } });
    const operator = new Operator(fixture);
    await operator.drive();
    const [before, rolls] = [fixture.objects.dataOf(CA), fixture.workloads.writes];
    fixture.resets.edit(fixture.ref, { spec: { serverCa: serverCa(JKS) } });
    await operator.drive();
    const { 'truststore.p12': _gone, ...kept } = before;
    assert.deepEqual(fixture.objects.dataOf(CA), kept);
    assert.deepEqual([fixture.end, fixture.workloads.writes, fixture.objects.writes], ['Complete', rolls, 2]);
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(fixture.objects.writes, 2, 'what is as it should be is not written again');
  });

  test('a format of the server CA with another password is encoded again, and rolls nothing', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a', serverCa: serverCa(P12) } });
    const operator = new Operator(fixture);
    await operator.drive();
    const [before, rolls] = [fixture.objects.dataOf(CA), fixture.workloads.writes];
    const password = 'another';
    const changed = { ...serverCa(), additionalFormats: [{ ...P12, password }] };
    fixture.resets.edit(fixture.ref, { spec: { serverCa: changed } });
    await operator.drive();
    assert.notDeepEqual(fixture.objects.dataOf(CA)['truststore.p12'], before['truststore.p12']);
    assert.equal(fixture.workloads.writes, rolls);
  });

  test('the formats of the server CA are tried before the call: what admission refuses of them is found out then', async () => {
    const fixture = new Fixture({ spec: { serverCa: serverCa(P12), deadlineSeconds: 60 } });
    fixture.objects.admission = ({ data }) => {
      if (Object.hasOwn(data, 'truststore.p12')) throw new KubernetesError({ kind: 'Refused', message: 'no stores' });
      return {};
    };
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
  });

  for (const [what, format] of [
    ['format', { ...P12, format: 'BCFKS' }],
    ['key', { ...P12, key: '..' }],
    ['password', { ...P12, password: 'Zürich' }],
  ] as const) {
    test(`a ${what} of a server CA's format that another version of the CRD let in is refused before the call, by the path of its field`, async () => {
      const fixture = new Fixture();
      fixture.resets.edit(fixture.ref, {
        spec: JSON.parse(JSON.stringify({ serverCa: { ...serverCa(), additionalFormats: [format] } })),
      });
      await new Operator(fixture).drive();
      assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['InvalidRequest', 0]);
      const message = fixture.status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
      assert.match(message, new RegExp(`serverCa\\.additionalFormats\\[0\\]\\.${what} cannot be`));
    });
  }
});
