import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import * as certificates from '../../../src/cloudsql/certificate-schemas.ts';
import * as schemas from '../../../src/cloudsql/schemas.ts';
import { fieldsOf, fieldsOfCrd } from '../../support/docs/status-fields.ts';

const isOfOperation = (field: string): boolean => field.startsWith('operation.');

describe('an operation', () => {
  it('an operation is taken in with all fields of the CRD, and no other', async () => {
    const fields = {
      kind: 'sql#operation',
      name: 'op-1',
      selfLink: 'https://sql/op-1',
      targetProject: 'p',
      targetId: 'i',
      targetLink: 'https://sql/i',
      operationType: 'UPDATE',
      status: 'PENDING',
      user: 'a@b',
      insertTime: '2026-01-02T03:04:05.678Z',
      startTime: '2026-01-02T03:04:06.678Z',
      endTime: '2026-01-02T03:04:07.678Z',
      apiWarning: { code: 'REGION_UNREACHABLE', message: 'Hm.', region: 'r' },
      error: { kind: 'sql#operationErrors', errors: [{ kind: 'sql#operationError', code: 'ERROR', message: 'No.' }] },
    };
    assert.deepEqual(schemas.operation.parse({ ...fields, importContext: { uri: 'x' }, exportContext: {} }), fields);
    assert.deepEqual(
      fieldsOf({ operation: fields }).toSorted(),
      (await fieldsOfCrd()).filter(isOfOperation).toSorted(),
    );
  });

  const cases: readonly (readonly [string, object, object])[] = [
    ['has no field that is null', { user: null, error: null, apiWarning: null }, {}],
    ['has no field that is empty', { status: '', insertTime: '' }, {}],
    ['has no field of another type', { status: 7, user: {}, apiWarning: 'x' }, {}],
    ['has no word with control characters', { user: 'a\nb' }, {}],
    ['has no word with half a character', { user: 'a\uD83D' }, {}],
    ['has no word that is longer than the CRD allows', { insertTime: 'x'.repeat(65), user: 'y'.repeat(513) }, {}],
    ['keeps a status that nobody knows', { status: 'HIBERNATING' }, { status: 'HIBERNATING' }],
    ['has an error that nobody can read', { error: 'broken' }, { error: {} }],
    ['has an error that is empty', { error: {} }, { error: {} }],
    ['has an error whose list is none', { error: { errors: 'x' } }, { error: {} }],
    [
      'has an error whose entries nobody can read',
      { error: { errors: [7, null, { code: 'C', message: null }] } },
      { error: { errors: [{}, {}, { code: 'C' }] } },
    ],
    ['has messages of one line', { apiWarning: { message: 'a\r\n\tb\u0000c' } }, { apiWarning: { message: 'a b c' } }],
  ];
  for (const [name, fields, expected] of cases) {
    it(`an operation: ${name}`, () =>
      assert.deepEqual(schemas.operation.parse({ name: 'op', ...fields }), { name: 'op', ...expected }));
  }

  it('an operation is none without a name', () => {
    for (const name of [undefined, null, '', 7, 'x'.repeat(257)]) {
      assert.equal(schemas.operation.safeParse({ name }).success, false);
    }
  });

  it('an operation never cuts a character in half', () => {
    const { error } = schemas.operation.parse({ name: 'op', error: { errors: [{ message: '😀'.repeat(3000) }] } });
    assert.ok(error?.errors?.[0]?.message?.isWellFormed());
  });

  it('an operation fits the CRD whatever the API answers', () => {
    const long = 'x'.repeat(10_000);
    const words = { kind: long, code: long, message: long, region: long };
    const operation = schemas.operation.parse({
      ...Object.fromEntries(Object.keys(crdOperation().properties ?? {}).map((key) => [key, long])),
      name: 'op',
      apiWarning: words,
      error: { kind: long, errors: Array.from({ length: 40 }, () => words) },
    });
    assert.deepEqual(violations(operation, crdOperation()), []);
  });
});

describe('a page of operations', () => {
  it('a page of operations may be empty', () =>
    assert.deepEqual(schemas.operationPage.parse({ kind: 'x' }), { operations: [] }));

  it('a page of operations has the token of the next page', () => {
    assert.deepEqual(schemas.operationPage.parse({ items: [{ name: 'a' }], nextPageToken: 't' }), {
      operations: [{ name: 'a' }],
      nextPageToken: 't',
    });
  });

  it('a page of operations is unreadable when one of them is, since that one may be ours', () => {
    assert.equal(schemas.operationPage.safeParse({ items: [{ name: 'a' }, {}] }).success, false);
  });
});

describe('an instance', () => {
  const ca = { sha1Fingerprint: 'ABC', cert: '-----BEGIN CERTIFICATE-----\n', commonName: 'C=US,O=Google' };

  it('an instance is reduced to what is read', () => {
    const { serverCa, ...instance } = schemas.instance.parse({
      state: 'RUNNABLE',
      backendType: 'SECOND_GEN',
      settings: { activationPolicy: 'ALWAYS', ipConfiguration: { sslMode: 'ENCRYPTED_ONLY', serverCaMode: 'M' } },
      serverCaCert: ca,
      rootPassword: 'x',
    });
    assert.deepEqual(instance, {
      state: 'RUNNABLE',
      backendType: 'SECOND_GEN',
      activationPolicy: 'ALWAYS',
      sslMode: 'ENCRYPTED_ONLY',
      serverCaMode: 'M',
      serverCaSha1Fingerprint: 'abc',
    });
    assert.deepEqual(serverCa, { sha1Fingerprint: 'abc', pem: ca.cert, commonName: ca.commonName });
  });

  it('an instance needs nothing but a state', () => {
    assert.deepEqual(schemas.instance.parse({ state: 'HIBERNATED' }), { state: 'HIBERNATED' });
    assert.equal(schemas.instance.safeParse({}).success, false);
  });

  it('an instance demands client certificates when it says so in the old way', () => {
    const parsed = schemas.instance.parse({ state: 'RUNNABLE', settings: { ipConfiguration: { requireSsl: true } } });
    assert.equal(parsed.sslMode, 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
  });

  it('an instance demands client certificates when the old way says so and the new one says nothing', () => {
    for (const sslMode of ['SSL_MODE_UNSPECIFIED', '', null]) {
      const settings = { ipConfiguration: { sslMode, requireSsl: true } };
      assert.equal(
        schemas.instance.parse({ state: 'RUNNABLE', settings }).sslMode,
        'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
      );
    }
  });

  it('an instance is unreadable where a setting on which a guard depends is in another form', () => {
    const odd: readonly object[] = [
      { settings: 'x' },
      { settings: { activationPolicy: {} } },
      { settings: { ipConfiguration: 'x' } },
      { settings: { ipConfiguration: { sslMode: { mode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' } } } },
      { settings: { ipConfiguration: { requireSsl: 'true' } } },
      { settings: { ipConfiguration: { serverCaMode: ['GOOGLE_MANAGED_CAS_CA'] } } },
      { backendType: 1 },
    ];
    for (const fields of odd) {
      assert.equal(schemas.instance.safeParse({ state: 'RUNNABLE', ...fields }).success, false, JSON.stringify(fields));
    }
  });

  it('an instance may leave out or empty every setting', () => {
    for (const none of [undefined, null]) {
      const settings = { activationPolicy: none, ipConfiguration: { sslMode: none, serverCaMode: '' } };
      assert.deepEqual(schemas.instance.parse({ state: 'RUNNABLE', settings }), { state: 'RUNNABLE' });
      assert.deepEqual(schemas.instance.parse({ state: 'RUNNABLE', settings: none }), { state: 'RUNNABLE' });
    }
  });

  it('an instance has a fingerprint even where its CA cannot be read', () => {
    const parsed = schemas.instance.parse({ state: 'RUNNABLE', serverCaCert: { sha1Fingerprint: 'AB' } });
    assert.deepEqual(parsed, { state: 'RUNNABLE', serverCaSha1Fingerprint: 'ab' });
  });
});

test('an instance whose server CA has no fingerprint is unreadable, and not one without a certificate', () => {
  assert.equal(schemas.instance.safeParse({ state: 'RUNNABLE', serverCaCert: {} }).success, false);
  assert.deepEqual(schemas.instance.parse({ state: 'RUNNABLE', serverCaCert: null }), { state: 'RUNNABLE' });
});

test('a CA of several certificates is taken whole, with the fingerprint that the API gives', () => {
  const block = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  const cert = `${block('root')}${block('intermediate')}`;
  assert.deepEqual(certificates.serverCaList.parse({ certs: [{ sha1Fingerprint: 'AB', cert }] }).serverCas, [
    { sha1Fingerprint: 'ab', pem: cert },
  ]);
});

describe('the certificates of a CA service', () => {
  const pem = '-----BEGIN CERTIFICATE-----\n';
  const ca = (sha1Fingerprint: string) => ({ sha1Fingerprint, cert: pem });
  const parse = (list: object) => certificates.serverCertificateList.parse(list);
  const a = { sha1Fingerprint: 'a', pem };
  const b = { sha1Fingerprint: 'b', pem };

  it('the certificates of a CA service tell the active server certificate, and the CA that signed it', () => {
    const serverCerts = [{ sha1Fingerprint: '1' }, { sha1Fingerprint: 'F2' }];
    assert.deepEqual(parse({ caCerts: [ca('A'), ca('B')], serverCerts, activeVersion: 'f2' }), {
      serverCas: [a, b],
      activeVersion: 'b',
      serverCertificate: 'f2',
    });
  });

  it('list a CA once that signed several', () => {
    const serverCerts = [{ sha1Fingerprint: '1' }, { sha1Fingerprint: '2' }];
    assert.deepEqual(parse({ caCerts: [ca('A'), ca('A')], serverCerts, activeVersion: '2' }), {
      serverCas: [a],
      activeVersion: 'a',
      serverCertificate: '2',
    });
  });

  it('the certificates of a CA service do not tell which CA signed where the lists are of different length', () => {
    const serverCerts = [{ sha1Fingerprint: '1' }, { sha1Fingerprint: '2' }];
    assert.deepEqual(parse({ caCerts: [ca('A')], serverCerts, activeVersion: '1' }), {
      serverCas: [a],
      serverCertificate: '1',
    });
  });

  it('the certificates of a CA service tell no server certificate where none is active', () => {
    assert.deepEqual(parse({}), { serverCas: [] });
    assert.deepEqual(parse({ serverCerts: [{ sha1Fingerprint: '1' }], activeVersion: '9' }), { serverCas: [] });
  });
});

describe('the server certificates of a CA service', () => {
  const pem = '-----BEGIN CERTIFICATE-----\n';
  const ca = (sha1Fingerprint: string) => ({ sha1Fingerprint, cert: pem });
  const parse = (list: object) => certificates.serverCertificates.safeParse(list).data;
  const [one, two] = [{ sha1Fingerprint: '1', createTime: '2026-01-01T00:00:00Z' }, { sha1Fingerprint: '2' }];

  it('the server certificates of a CA service come with their CAs, the active one first, and a CA that signed several once', () => {
    assert.deepEqual(parse({ caCerts: [ca('A'), ca('A')], serverCerts: [one, two], activeVersion: '2' }), {
      serverCas: [{ sha1Fingerprint: 'a', pem }],
      certificates: [
        { ...two, serverCaSha1Fingerprint: 'a' },
        { ...one, serverCaSha1Fingerprint: 'a' },
      ],
    });
    const other = parse({ caCerts: [ca('A'), ca('B')], serverCerts: [one, two], activeVersion: '2' });
    assert.deepEqual(
      other?.serverCas.map(({ sha1Fingerprint }) => sha1Fingerprint),
      ['b', 'a'],
    );
  });

  it('the server certificates of a CA service are unreadable where nobody can say which one is active, or which CA signed which', () => {
    assert.equal(parse({ caCerts: [ca('A'), ca('A')], serverCerts: [one, two], activeVersion: '9' }), undefined);
    assert.equal(parse({ caCerts: [ca('A'), ca('A')], serverCerts: [one, two] }), undefined);
    assert.equal(parse({ caCerts: [ca('A')], serverCerts: [one, two], activeVersion: '1' }), undefined);
  });

  it('the server certificates of a CA service may be none', () => {
    assert.deepEqual(parse({}), { serverCas: [], certificates: [] });
  });
});

test('a list that is null is empty, as JSON of protobuf may write it', () => {
  assert.deepEqual(schemas.operationPage.parse({ items: null, nextPageToken: null }), { operations: [] });
  assert.deepEqual(certificates.serverCaList.parse({ certs: null }), { serverCas: [] });
  assert.deepEqual(certificates.serverCertificateList.parse({ caCerts: null, serverCerts: null }), { serverCas: [] });
  assert.deepEqual(certificates.clientCertificates.parse({ items: null }), []);
});

test('a page of operations with an empty page token is the last one', () => {
  assert.deepEqual(schemas.operationPage.parse({ items: [{ name: 'a' }], nextPageToken: '' }), {
    operations: [{ name: 'a' }],
  });
});

describe('client certificates', () => {
  it('client certificates may be none', () => assert.deepEqual(certificates.clientCertificates.parse({}), []));

  it('client certificates have lower-case fingerprints', () => {
    assert.deepEqual(
      certificates.clientCertificates.parse({ items: [{ commonName: 'c', sha1Fingerprint: 'AB', cert: 'x' }] }),
      [{ commonName: 'c', sha1Fingerprint: 'ab' }],
    );
  });

  it('client certificates are unreadable when one has no fingerprint', () => {
    assert.equal(certificates.clientCertificates.safeParse({ items: [{ commonName: 'c' }] }).success, false);
  });
});

interface Schema {
  readonly type?: string | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
}

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    maxLength: z.number().optional(),
    maxItems: z.number().optional(),
    properties: z.record(z.string(), schema).optional(),
    items: schema.optional(),
  }),
);

function crdOperation(): Schema {
  const file = new URL('../../../crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', import.meta.url);
  const crd: unknown = parse(readFileSync(file, 'utf8'));
  const root = z
    .object({
      spec: z.object({
        versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: schema }) })]).rest(z.unknown()),
      }),
    })
    .parse(crd).spec.versions[0].schema.openAPIV3Schema;
  const found = root.properties?.status?.properties?.operation;
  assert.ok(found);
  return found;
}

function violations(value: unknown, { type, maxLength, maxItems, properties, items }: Schema, path = ''): string[] {
  if (typeof value === 'string') return type === 'string' && value.length <= (maxLength ?? 0) ? [] : [path];
  if (Array.isArray(value)) {
    if (items === undefined || value.length > (maxItems ?? 0)) return [path];
    return value.flatMap((item, index) => violations(item, items, `${path}[${index}]`));
  }
  return Object.entries(z.record(z.string(), z.unknown()).parse(value)).flatMap(([key, field]) => {
    const property = properties?.[key];
    return property === undefined ? [`${path}.${key}`] : violations(field, property, `${path}.${key}`);
  });
}
