import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { installCrd, resetManifest } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';

type Json = Readonly<Record<string, unknown>>;

const VALID: Json = { project: 'acme-prod', instance: 'orders-db' };

const certificate = (commonName: string, secretName: string) => ({ commonName, secretName });

const passwordSecretRef: Json = { name: 'passwords', key: 'app' };

const certificateIn = (...additionalFormats: readonly Json[]) => ({ ...certificate('api', 'one'), additionalFormats });

const withFormats = (...additionalFormats: readonly Json[]): Json => ({ secretName: 'a', additionalFormats });

const labels = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'v']));

before(async () => installCrd(await sharedCluster()));

/** A spec, and what the message must say: the field, and what is expected. */
const REFUSED: Readonly<Record<string, readonly [Json, ...RegExp[]]>> = {
  'a missing project': [{ instance: 'orders-db' }, /spec\.project.*Required/s],
  'a missing instance': [{ project: 'acme-prod' }, /spec\.instance.*Required/s],
  'an instance with its project in front': [{ ...VALID, instance: 'acme-prod:orders-db' }, /spec\.instance/],
  'a project in capitals': [{ ...VALID, project: 'Acme' }, /spec\.project/],
  'an unknown mode': [{ ...VALID, mode: 'Everything' }, /spec\.mode.*"All", "SyncFromPrimary"/s],
  'an unknown field': [{ ...VALID, instnace: 'x' }, /unknown field "spec\.instnace"/],
  'a fingerprint that is no SHA-1': [
    { ...VALID, preconditions: { serverCaSha1Fingerprint: 'abc' } },
    /spec\.preconditions\.serverCaSha1Fingerprint/,
  ],
  'a time that is none': [
    { ...VALID, preconditions: { notAfterTime: 'tomorrow' } },
    /spec\.preconditions\.notAfterTime/,
  ],
  'a time as GNU date writes it': [
    { ...VALID, preconditions: { notAfterTime: '2026-11-28T17:00:00,123456789+00:00' } },
    /spec\.preconditions\.notAfterTime.*RFC 3339.*such as 2026-11-28T17:00:00Z/s,
  ],
  'a serverCa without a place': [
    { ...VALID, serverCa: {} },
    /spec\.serverCa.*exactly one of secretName and configMapName/s,
  ],
  'a serverCa with two places': [
    { ...VALID, serverCa: { secretName: 'a', configMapName: 'b' } },
    /spec\.serverCa.*exactly one of secretName and configMapName/s,
  ],
  'a key that a Secret cannot hold': [{ ...VALID, serverCa: { secretName: 'a', key: 'a/b' } }, /spec\.serverCa\.key/],
  'a name of a Secret with an empty part': [
    { ...VALID, serverCa: { secretName: 'a..b' } },
    /spec\.serverCa\.secretName.*must be the name of an object/s,
  ],
  'a name of a ConfigMap with a dash at an end of a part': [
    { ...VALID, serverCa: { configMapName: 'a.-b' } },
    /spec\.serverCa\.configMapName.*must be the name of an object/s,
  ],
  'a Secret of a client certificate in capitals': [
    { ...VALID, clientCertificates: [certificate('api', 'One')] },
    /spec\.clientCertificates\[0\]\.secretName.*must be the name of an object/s,
  ],
  'a target that is a dot': [
    { ...VALID, rollout: { targets: [{ name: 'a' }, { name: '.' }] } },
    /spec\.rollout\.targets\[1\]\.name.*must be the name of an object/s,
  ],
  'a target that is a path': [
    { ...VALID, rollout: { targets: [{ name: 'a/b' }] } },
    /spec\.rollout\.targets\[0\]\.name.*must be the name of an object/s,
  ],
  'a label value with a blank': [
    { ...VALID, rollout: { selector: { matchLabels: { app: 'a b' } } } },
    /spec\.rollout\.selector\.matchLabels\[app\].*must be a label value/s,
  ],
  'a label key with a blank': [
    { ...VALID, rollout: { selector: { matchLabels: { 'a b': 'x' } } } },
    /spec\.rollout\.selector\.matchLabels.*each key must be a label key/s,
  ],
  'a label key with two slashes in an expression': [
    { ...VALID, rollout: { selector: { matchExpressions: [{ key: 'a/b/c', operator: 'Exists' }] } } },
    /spec\.rollout\.selector\.matchExpressions\[0\]\.key.*must be a label key/s,
  ],
  'a label value with a comma in an expression': [
    { ...VALID, rollout: { selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'a,b'] }] } } },
    /spec\.rollout\.selector\.matchExpressions\[0\]\.values\[1\].*must be a label value/s,
  ],
  'a key that JavaScript takes for another thing': [
    { ...VALID, serverCa: { secretName: 'a', key: '__proto__' } },
    /spec\.serverCa\.key.*name another/s,
  ],
  'a key of dots': [
    { ...VALID, serverCa: { secretName: 'a', key: '..' } },
    /spec\.serverCa\.key.*must not start with/s,
  ],
  'the same key twice among the formats of the server CA': [
    { ...VALID, serverCa: withFormats({ format: 'PKCS12', key: 'a' }, { format: 'JKS', key: 'a' }) },
    /spec\.serverCa\.additionalFormats\[1\].*Duplicate value/s,
  ],
  'a format of the server CA under the key of the PEM': [
    { ...VALID, serverCa: withFormats({ format: 'PKCS12', key: 'server-ca.pem' }) },
    /spec\.serverCa\.additionalFormats.*give each a key of its own/s,
  ],
  'a format of the server CA that is none': [
    { ...VALID, serverCa: withFormats({ format: 'PKCS7', key: 'a' }) },
    /spec\.serverCa\.additionalFormats\[0\]\.format.*"PKCS12", "JKS", "DER"/s,
  ],
  'a format of the server CA without a key': [
    { ...VALID, serverCa: withFormats({ format: 'DER' }) },
    /spec\.serverCa\.additionalFormats\[0\]\.key: Required value/,
  ],
  'a format of the server CA under a key of dots': [
    { ...VALID, serverCa: withFormats({ format: 'DER', key: '..' }) },
    /spec\.serverCa\.additionalFormats\[0\]\.key.*must not start with/s,
  ],
  'more than 5 formats of the server CA': [
    { ...VALID, serverCa: withFormats(...Array.from({ length: 6 }, (_, n) => ({ format: 'DER', key: `k${n}` }))) },
    /spec\.serverCa\.additionalFormats.*at most 5/s,
  ],
  'a password of a JKS truststore that Java would not take': [
    { ...VALID, serverCa: withFormats({ format: 'JKS', key: 'a', password: '12345' }) },
    /spec\.serverCa\.additionalFormats\[0\]\.password.*under 6 characters/s,
  ],
  'a password of a truststore outside ASCII': [
    { ...VALID, serverCa: withFormats({ format: 'PKCS12', key: 'a', password: 'Zürich' }) },
    /spec\.serverCa\.additionalFormats\[0\]\.password/,
  ],
  'a password of a truststore over 128 characters': [
    { ...VALID, serverCa: withFormats({ format: 'PKCS12', key: 'a', password: 'x'.repeat(129) }) },
    /spec\.serverCa\.additionalFormats\[0\]\.password/,
  ],
  'a format of a client certificate without its key': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS8' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.key.*each format needs a key/s,
  ],
  'a key of the format TLS': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'TLS', key: 'a' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.key.*but for TLS/s,
  ],
  'the format TLS twice': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'TLS' }, { format: 'TLS' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats.*name it once/s,
  ],
  'the same key twice among the formats of a client certificate': [
    {
      ...VALID,
      clientCertificates: [certificateIn({ format: 'PKCS8', key: 'a' }, { format: 'CombinedPEM', key: 'a' })],
    },
    /spec\.clientCertificates\[0\]\.additionalFormats.*give each a key of its own/s,
  ],
  'a format of a client certificate under a key of the PEM': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS8', key: 'client-key.pem' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.key.*something else under this key/s,
  ],
  'a format of a client certificate under a key of TLS': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS8', key: 'tls.key' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.key.*something else under this key/s,
  ],
  'a keystore without a password': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS12', key: 'a' })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.passwordSecretRef.*PKCS12 needs/s,
  ],
  'a password of a format that has none': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS8', key: 'a', passwordSecretRef })] },
    /spec\.clientCertificates\[0\]\.additionalFormats\[0\]\.passwordSecretRef.*take none/s,
  ],
  'a password without the key of its Secret': [
    { ...VALID, clientCertificates: [certificateIn({ format: 'PKCS12', key: 'a', passwordSecretRef: { name: 'p' } })] },
    /passwordSecretRef\.key: Required value/,
  ],
  'an empty selector': [{ ...VALID, rollout: { selector: {} } }, /spec\.rollout\.selector.*every workload/s],
  'an operator without its values': [
    { ...VALID, rollout: { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
    /In and NotIn need values/,
  ],
  'the same target twice': [
    { ...VALID, rollout: { targets: [{ name: 'a' }, { kind: 'Deployment', name: 'a' }] } },
    /spec\.rollout\.targets\[1\].*Duplicate value/s,
  ],
  'more than 100 targets': [
    { ...VALID, rollout: { targets: Array.from({ length: 101 }, (_, i) => ({ name: `t${i}` })) } },
    /spec\.rollout\.targets.*at most 100/s,
  ],
  'a kind that is not rolled': [
    { ...VALID, rollout: { kinds: ['ReplicaSet'] } },
    /spec\.rollout\.kinds\[0\].*"Deployment", "StatefulSet", "DaemonSet", "Rollout"/s,
  ],
  'two client certificates of one name': [
    { ...VALID, clientCertificates: [certificate('api', 'one'), certificate('api', 'two')] },
    /spec\.clientCertificates\[1\].*Duplicate/s,
  ],
  'two client certificates in one Secret': [
    { ...VALID, clientCertificates: [certificate('api', 'one'), certificate('worker', 'one')] },
    /spec\.clientCertificates.*give each its own secretName/s,
  ],
  'a client certificate in the Secret of the server CA': [
    { ...VALID, serverCa: { secretName: 'one' }, clientCertificates: [certificate('api', 'one')] },
    /spec\.clientCertificates.*name another Secret/s,
  ],
  'more client certificates than an instance has': [
    { ...VALID, clientCertificates: Array.from({ length: 11 }, (_, n) => certificate(`c${n}`, `s${n}`)) },
    /spec\.clientCertificates.*at most 10/s,
  ],
  'a certificate that is missing and has a fingerprint': [
    { ...VALID, preconditions: { serverCertificate: 'Missing', serverCaSha1Fingerprint: 'a'.repeat(40) } },
    /spec\.preconditions\.serverCertificate.*set one of them/s,
  ],
  'no concurrency': [{ ...VALID, rollout: { maxConcurrent: 0 } }, /spec\.rollout\.maxConcurrent/],
  'more labels than a selector may have': [
    { ...VALID, rollout: { selector: { matchLabels: labels(51) } } },
    /spec\.rollout\.selector\.matchLabels/,
  ],
  'an instance id that cannot be a label, without a selector': [
    { ...VALID, instance: `a${'b'.repeat(70)}` },
    /spec\.rollout\.selector.*over 63 characters/s,
  ],
  'no time at all': [{ ...VALID, deadlineSeconds: 0 }, /spec\.deadlineSeconds/],
};

describe('the API server refuses, naming the field', { concurrency: true }, () => {
  for (const [what, [spec, ...messages]] of Object.entries(REFUSED)) {
    test(`the API server refuses, naming the field: ${what}`, async () => {
      const { kubectl } = await sharedCluster();
      const create = kubectl(['create', '--namespace=default', '--dry-run=server', '-f', '-'], resetManifest(spec));
      const error: unknown = await create.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error, 'it was accepted');
      for (const message of messages) assert.match(error.message, message);
    });
  }
});

/** A change of the spec of an object that is there. */
const CHANGES: Readonly<Record<string, readonly [Json, Json, RegExp | undefined]>> = {
  'project cannot be changed': [VALID, { project: 'other-prod' }, /project is immutable/],
  'instance cannot be changed': [VALID, { instance: 'other-db' }, /instance is immutable/],
  'requestId can be added': [VALID, { requestId: '1' }, undefined],
  'requestId can be changed': [{ ...VALID, requestId: '1' }, { requestId: '2' }, undefined],
  'requestId cannot be removed': [{ ...VALID, requestId: '1' }, { requestId: null }, /requestId cannot be removed/],
};

for (const [what, [spec, patch, message]] of Object.entries(CHANGES)) {
  test(`the API server refuses, naming the field: ${what}`, async (t) => {
    const cluster = await sharedCluster();
    const namespace = `--namespace=${await testNamespace(t, cluster)}`;
    await cluster.kubectl(['create', namespace, '-f', '-'], resetManifest(spec));
    const change = JSON.stringify({ spec: patch });
    const patched = cluster.kubectl(['patch', namespace, 'sslreset', 'db', '--type=merge', '-p', change]);
    await (message === undefined ? patched : assert.rejects(patched, message));
  });
}

test('writing a default into the manifest does not make a new generation', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  await cluster.kubectl(['apply', namespace, '-f', '-'], resetManifest(VALID));
  const read = await cluster.kubectl(['get', namespace, 'sslreset', 'db', '-o', 'jsonpath={.spec}']);
  const spec: Json = JSON.parse(read);
  assert.deepEqual(Object.keys(spec).toSorted(), [
    'acceptClientCertificateLoss',
    'approval',
    'deadlineSeconds',
    'instance',
    'mode',
    'planOnly',
    'preconditions',
    'project',
    'rollout',
  ]);
  await cluster.kubectl(['apply', namespace, '-f', '-'], resetManifest(spec));
  const generation = await cluster.kubectl([
    'get',
    namespace,
    'sslreset',
    'db',
    '-o',
    'jsonpath={.metadata.generation}',
  ]);
  assert.equal(generation, '1');
});

test('a new object is never taken for a finished one', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  await cluster.kubectl(['create', namespace, '-f', '-'], resetManifest(VALID));
  const observed = await cluster.kubectl([
    'get',
    namespace,
    'sslreset',
    'db',
    '-o',
    'jsonpath={.status.observedGeneration}',
  ]);
  assert.equal(observed, '-1');
});

test('status takes whatever Google may answer tomorrow', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  await cluster.kubectl(['create', namespace, '-f', '-'], resetManifest(VALID));
  const status = { observedGeneration: 1, operation: { name: 'op', status: 'HALF_DONE', insertTime: 'just now' } };
  const patch = JSON.stringify({ status });
  const patched = ['patch', namespace, 'sslreset', 'db', '--subresource=status', '--type=merge', '-p', patch];
  await cluster.kubectl(patched);
  const read = await cluster.kubectl(['get', namespace, 'sslreset', 'db', '-o', 'jsonpath={.status.operation.status}']);
  assert.equal(read, 'HALF_DONE');
});

test('objects are found by project and instance', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  await cluster.kubectl(['create', namespace, '-f', '-'], resetManifest(VALID));
  const selector = '--field-selector=spec.instance=orders-db,spec.project=acme-prod';
  assert.match(await cluster.kubectl(['get', namespace, 'sslreset', selector, '-o', 'name']), /\/db/);
  assert.equal(
    await cluster.kubectl(['get', namespace, 'cloudsql', '--field-selector=spec.instance=no', '-o', 'name']),
    '',
  );
});

test('kubectl explain answers for every field of either kind', async () => {
  const { kubectl } = await sharedCluster();
  const spec = await kubectl(['explain', 'cloudsqlsslreset.spec', '--recursive']);
  for (const field of ['project', 'requestId', 'preconditions', 'serverCa', 'rollout', 'deadlineSeconds']) {
    assert.match(spec, new RegExp(`^\\s+${field}\\t`, 'm'));
  }
  const rotation = await kubectl(['explain', 'cloudsqlserverca.spec.rotation', '--recursive']);
  for (const field of ['mode', 'requestId', 'activeSha1Fingerprint', 'renewBeforeSeconds', 'holdSeconds']) {
    assert.match(rotation, new RegExp(`^\\s+${field}\\t`, 'm'));
  }
  for (const plural of ['cloudsqlsslresets', 'cloudsqlservercas']) {
    const crd: unknown = JSON.parse(await kubectl(['get', 'crd', `${plural}.cloudsql-ssl.dev`, '-o', 'json']));
    const schema = schemaOf(crd);
    assert.ok('spec' in child(schema, 'properties'));
    assert.deepEqual(undescribed(schema), [], plural);
  }
});

function schemaOf(crd: unknown): Json {
  const { versions } = child(crd, 'spec');
  assert.ok(Array.isArray(versions));
  return child(child(versions[0], 'schema'), 'openAPIV3Schema');
}

function child(value: unknown, key: string): Json {
  if (typeof value !== 'object' || value === null) return {};
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'object' && found !== null ? { ...found } : {};
}

/** Paths of fields below the root that have no description. */
function undescribed(schema: Json, path = ''): readonly string[] {
  const fields = Object.entries(child(schema, 'properties')).filter(([name]) => path !== '' || name !== 'metadata');
  return fields.flatMap(([name]) => {
    const field = child(child(schema, 'properties'), name);
    const own = typeof field.description === 'string' ? [] : [`${path}.${name}`];
    return [
      ...own,
      ...undescribed(field, `${path}.${name}`),
      ...undescribed(child(field, 'items'), `${path}.${name}[]`),
    ];
  });
}
