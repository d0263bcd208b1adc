import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import {
  activeCa,
  deployment,
  hasReason,
  isReady,
  isReadyWith,
  type OperatorFixture,
  operatorFixture,
  reset,
} from '../../support/operator/fixture.ts';
import { PATIENCE } from '../../support/patience.ts';

const P12 = { format: 'PKCS12', key: 'truststore.p12' };
const JKS = { format: 'JKS', key: 'truststore.jks' };
const DER = { format: 'DER', key: 'server-ca.der' };

const PLACES = [
  { kind: 'Secret', place: { secretName: 'ca' }, field: 'data' },
  { kind: 'ConfigMap', place: { configMapName: 'ca' }, field: 'binaryData' },
] as const;

async function binaries(
  { kubectl }: OperatorFixture,
  kind: string,
  field: string,
): Promise<ReadonlyMap<string, Buffer>> {
  const object = JSON.parse(await kubectl(['get', kind, 'ca', '-o', 'json']));
  return new Map(Object.entries<string>(object[field]).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

describe('the formats of the server CA', { concurrency: 2 }, () => {
  for (const { kind, place, field } of PLACES) {
    test(`the formats of the server CA are in the ${kind} beside the PEM, and one that is removed goes alone`, async (t) => {
      const fixture = await operatorFixture(t);
      const { apply, until, kubectl, resets } = fixture;
      await apply(deployment('labelled'));
      await kubectl(['wait', '--for=condition=Available', 'deployment', '--all', PATIENCE]);
      await apply(reset({ requestId: 'a', serverCa: { ...place, additionalFormats: [P12, JKS, DER] } }));
      await until('db', isReady);
      const all = await binaries(fixture, kind, field);
      const active = new X509Certificate(activeCa(fixture).pem).raw;
      assert.deepEqual(all.get('server-ca.der'), active);
      assert.ok(all.get('truststore.jks')?.includes(active));

      await apply(reset({ requestId: 'a', serverCa: { ...place, additionalFormats: [P12, DER] } }));
      await until('db', isReadyWith(2));
      const rest = await binaries(fixture, kind, field);
      assert.deepEqual(
        [...rest],
        [...all].filter(([key]) => key !== 'truststore.jks'),
      );
      const generation = await kubectl(['get', 'deployment', 'labelled', '-o', 'jsonpath={.metadata.generation}']);
      assert.deepEqual([resets(), generation], [1, '2']);
    });
  }
});

const CERTIFICATE_FORMATS = [
  { format: 'PKCS12', key: 'keystore.p12', passwordSecretRef: { name: 'passwords', key: 'app' } },
  { format: 'PKCS8', key: 'client-key.pk8' },
  { format: 'TLS' },
];

const password = (text: string, forObject: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'passwords', annotations: { 'cloudsql-ssl.dev/password-for': forObject } },
  stringData: { app: text },
});

function opensBy(keystore: Buffer | undefined, passphrase: string): boolean {
  try {
    createSecureContext({ pfx: keystore ?? Buffer.alloc(0), passphrase });
    return true;
  } catch {
    return false;
  }
}

test('the formats of a client certificate wait for their password before the call, and are then in its Secret of type kubernetes.io/tls', async (t) => {
  const fixture = await operatorFixture(t);
  const { apply, until, kubectl, resets } = fixture;
  await apply(deployment('labelled'), password('right', 'somebody-else'));
  await kubectl(['wait', '--for=condition=Available', 'deployment', '--all', PATIENCE]);
  const clientCertificates = [{ commonName: 'app', secretName: 'ca', additionalFormats: CERTIFICATE_FORMATS }];
  await apply(reset({ requestId: 'a', clientCertificates }));
  await until('db', hasReason('PasswordMissing'));
  assert.equal(resets(), 0);
  await apply(password('right', 'db'));
  await until('db', isReady);
  const data = await binaries(fixture, 'Secret', 'data');
  assert.deepEqual([...data.keys()].toSorted(), [
    'ca.crt',
    'client-cert.pem',
    'client-key.pem',
    'client-key.pk8',
    'keystore.p12',
    'server-ca.pem',
    'tls.crt',
    'tls.key',
  ]);
  assert.equal(await kubectl(['get', 'secret', 'ca', '-o', 'jsonpath={.type}']), 'kubernetes.io/tls');
  assert.deepEqual(
    [opensBy(data.get('keystore.p12'), 'right'), opensBy(data.get('keystore.p12'), 'wrong')],
    [true, false],
  );

  const annotations = ['get', 'deployment', 'labelled', '-o', 'jsonpath={.spec.template.metadata.annotations}'];
  const before = await kubectl(annotations);
  await apply(password('another', 'db'), reset({ requestId: 'a', clientCertificates, deadlineSeconds: 600 }));
  await until('db', isReadyWith(2));
  assert.ok(opensBy((await binaries(fixture, 'Secret', 'data')).get('keystore.p12'), 'another'));
  assert.notEqual(await kubectl(annotations), before);
  assert.equal(resets(), 1);
});
