import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { ServerCa, ServerCas } from '../../../../src/domain/instance.ts';
import { liveCertificates } from '../../../../src/domain/reset/certificate-hold.ts';
import type { Spec, Status } from '../../../../src/domain/reset/ssl-reset.ts';
import {
  publishedCas,
  revision,
  serverCaPem,
  serverCaStatus,
  templateAnnotationKey,
  templateAnnotations,
} from '../../../../src/domain/trust/tls-material.ts';
import { createAuthority } from '../../../cloudsql-emulator/certificates.ts';
import { aCall, anOperation, aRequest, aReset, at, fingerprint } from '../../../support/fakes/builders.ts';

const ca = (n: number, rest: Partial<ServerCa> = {}): ServerCa => ({
  sha1Fingerprint: fingerprint(n),
  pem: `PEM ${n}\n`,
  ...rest,
});

describe('the annotation that rolls', () => {
  // Pinned: another value would roll every workload of every user once more.
  test('the annotation that rolls has the key that it always had', () =>
    assert.equal(
      templateAnnotationKey({ project: 'acme-prod', instance: 'orders-db' }),
      'tls.cloudsql-ssl.dev/8d79887e488ca896',
    ));
  test('the annotation that rolls has the value that it always had', () => {
    assert.equal(revision([ca(1)]), 'ac39233f6b706526fa1f93aa538367da');
    assert.equal(revision([ca(1), ca(2), ca(3)]), 'af06432bbd485c7cae1d583fb27a8a98');
  });
  test('the annotation that rolls has another key for each instance', () =>
    assert.notEqual(
      templateAnnotationKey({ project: 'a', instance: 'b' }),
      templateAnnotationKey({ project: 'a', instance: 'c' }),
    ));
  test('the annotation that rolls has the same value whatever the order of the CAs that are not active', () => {
    const others = fc.uniqueArray(fc.integer({ min: 2, max: 99 }), { maxLength: 5 });
    const shuffled = others.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        assert.equal(revision([ca(1), ...one.map((n) => ca(n))]), revision([ca(1), ...other.map((n) => ca(n))]));
      }),
    );
  });
  test('the annotation that rolls has another value when another CA is active', () =>
    assert.notEqual(revision([ca(1), ca(2)]), revision([ca(2), ca(1)])));
  test('the annotation that rolls has another value when a CA is added', () =>
    assert.notEqual(revision([ca(1)]), revision([ca(1), ca(2)])));
  test('the annotation that rolls has the same value whatever the PEM looks like', () =>
    assert.equal(revision([ca(1, { pem: 'x' })]), revision([ca(1)])));
});

describe('the annotation of client certificates', () => {
  const issued = (n: number, secretName = 'app') => ({
    commonName: 'app',
    sha1Fingerprint: fingerprint(n),
    expirationTime: at(n),
    secretName,
  });
  const of = (certificates: readonly ReturnType<typeof issued>[], name = 'orders-db') =>
    templateAnnotations(aReset({ name, status: { rollout: { revision: 'r' } } }), certificates);

  // Pinned, as above.
  test('the annotation of client certificates has the key and the value that it always had', () =>
    assert.deepEqual(of([issued(1)]), {
      'tls.cloudsql-ssl.dev/8d79887e488ca896': 'r',
      'tls.cloudsql-ssl.dev/4e5e6e9fd3a816f2': '176eaf50c11aca0e2f7f648366e6571c',
    }));
  test('the annotation of client certificates is not there where there are none', () =>
    assert.deepEqual(of([]), { 'tls.cloudsql-ssl.dev/8d79887e488ca896': 'r' }));
  test('the annotation of client certificates has another key for each object of the instance', () =>
    assert.notDeepEqual(Object.keys(of([issued(1)])), Object.keys(of([issued(1)], 'other'))));
  test('the annotation of client certificates has another value when a certificate, or its Secret, is another one', () => {
    assert.notDeepEqual(of([issued(1)]), of([issued(2)]));
    assert.notDeepEqual(of([issued(1)]), of([issued(1, 'elsewhere')]));
    assert.notDeepEqual(of([issued(1)]), of([issued(1), issued(2, 'batch')]));
  });
  test('the annotation of client certificates has the same value whatever the order, and whatever else is told of them', () => {
    const [one, two] = [issued(1), issued(2, 'batch')];
    assert.deepEqual(of([one, two]), of([two, one]));
    assert.deepEqual(of([one]), of([{ ...one, expirationTime: at(99), commonName: 'renamed' }]));
  });
});

describe('the annotations of a dependent', () => {
  interface Material {
    readonly cas: readonly number[];
    readonly certificates: readonly { readonly commonName: string; readonly secretName: string; readonly n: number }[];
  }
  const material: fc.Arbitrary<Material> = fc.record({
    cas: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    certificates: fc.uniqueArray(
      fc.record({
        commonName: fc.constantFrom('a', 'b'),
        secretName: fc.constantFrom('x', 'y'),
        n: fc.integer({ min: 1, max: 2 }),
      }),
      { selector: ({ commonName }) => commonName, maxLength: 2 },
    ),
  });
  const annotationsOf = ({ cas, certificates }: Material, rest: Partial<Status> = {}, spec: Partial<Spec> = {}) => {
    const clientCertificates = certificates.map(({ n, ...one }) => ({ ...one, sha1Fingerprint: fingerprint(n) }));
    const reset = aReset({
      spec: { serverCa: { secretName: 'ca', key: 'k', contents: 'All' }, ...spec },
      status: { ...rest, rollout: { revision: revision(cas.map((n) => ca(n))) }, clientCertificates },
    });
    return templateAnnotations(reset, liveCertificates(reset.status));
  };
  /** What an application gets to see of it: an order that means nothing is none. */
  const published = ({ cas: [active, ...others], certificates }: Material) => ({
    cas: [active, ...others.toSorted()],
    certificates: certificates.map(({ secretName, n }) => `${secretName} ${n}`).toSorted(),
  });

  test('the annotations of a dependent change if and only if the published material does', () => {
    fc.assert(
      fc.property(material, material, (one, other) => {
        assert.equal(
          isDeepStrictEqual(annotationsOf(one), annotationsOf(other)),
          isDeepStrictEqual(published(one), published(other)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('the annotations of a dependent do not change with anything else that a request, a pass or an edit writes', () => {
    const elsewhere = fc.record({
      request: fc.constantFrom(aRequest(), aCall({ outcome: 'Accepted', attempt: 3 })),
      operation: fc.constantFrom(anOperation(), anOperation({ name: 'op-2', status: 'DONE' })),
      serverCa: fc.record({ expirationTime: fc.string(), publishedTo: fc.string() }),
    });
    const edit = fc.constantFrom<Partial<Spec>>(
      {},
      { mode: 'SyncFromPrimary' },
      { serverCa: { configMapName: 'other', key: 'j', contents: 'Active' } },
      { requestId: '2', deadlineSeconds: 1 },
    );
    fc.assert(
      fc.property(material, elsewhere, edit, (one, rest, spec) => {
        assert.deepEqual(annotationsOf(one, rest, spec), annotationsOf(one));
      }),
    );
  });
});

describe('the published PEM', () => {
  test('the published PEM holds every CA, the active one first', () =>
    assert.equal(serverCaPem([ca(2), ca(1)]), 'PEM 2\nPEM 1\n'));
  test('the published PEM holds a CA of several blocks whole', () => {
    const chain = ca(2, { pem: 'ROOT\nINTERMEDIATE\n' });
    assert.equal(serverCaPem([chain, ca(1)]), 'ROOT\nINTERMEDIATE\nPEM 1\n');
  });
  test('the published PEM has Unix line ends, each block with one', () =>
    assert.equal(serverCaPem([ca(1, { pem: 'a\r\nb' }), ca(2, { pem: 'c\n\n' })]), 'a\nb\nc\n'));
  test('the published PEM has each block of a CA on lines of its own', () => {
    const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'];
    const glued = `${begin}\nMA==\n${end}${begin}\nMB==\n${end}`;
    const apart = `${begin}\nMA==\n${end}\n${begin}\nMB==\n${end}\n`;
    assert.equal(serverCaPem([ca(1, { pem: glued })]), apart);
    assert.equal(serverCaPem([ca(1, { pem: apart })]), apart);
  });
  test('the published PEM is ASCII, whatever Cloud SQL answers', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (pems) => {
        const [first = '', ...others] = pems;
        const pem = serverCaPem([ca(1, { pem: first }), ...others.map((one) => ca(2, { pem: one }))]);
        assert.match(pem, /^[\t\n -~]*\n$/);
      }),
    );
    assert.equal(serverCaPem([ca(1, { pem: '\ufeffZürich\nPEM' })]), 'Zrich\nPEM\n');
  });
});

describe('which CAs are published', () => {
  const [old, active, next] = [1, 2, 3].map((n) => ca(n, { createTime: `2026-0${n}-01T00:00:00Z` }));
  assert.ok(old && active && next);
  const published = (
    listed: ServerCas,
    contents: Parameters<typeof publishedCas>[1],
    use: Partial<Parameters<typeof publishedCas>[2]> = {},
  ) => publishedCas(listed, contents, { pastActive: [], rotating: [], ...use }).map(({ pem }) => pem);

  test('which CAs are published: all that are listed, also by a word of another version', () => {
    for (const contents of ['"All"', '"Newer"', '"toString"']) {
      assert.deepEqual(published([active, old, next], JSON.parse(contents)), [active.pem, old.pem, next.pem]);
    }
  });
  test('which CAs are published: of Active the active one, with the next one from its addition until it is used', () => {
    assert.deepEqual(published([active, old], 'Active'), [active.pem]);
    assert.deepEqual(published([active, old, next], 'Active'), [active.pem, next.pem]);
    assert.deepEqual(published([next, active, old], 'Active'), [next.pem]);
  });
  test('which CAs are published: of Active none that was switched back from', () => {
    assert.deepEqual(published([active, next], 'Active', { pastActive: [next.sha1Fingerprint] }), [active.pem]);
  });
  test('which CAs are published: of Active those that a rotation is between', () => {
    const both = { pastActive: [old.sha1Fingerprint, next.sha1Fingerprint] };
    const rotating = [old.sha1Fingerprint];
    assert.deepEqual(published([active, old, next], 'Active', both), [active.pem]);
    assert.deepEqual(published([active, old, next], 'Active', { ...both, rotating }), [active.pem, old.pem]);
  });
  test('which CAs are published: of Active none that clients could not tell from the active one', async () => {
    const pems = await Promise.all(
      [1, 2].map(() => createAuthority('CA', { qualifier: 'one', hasKeyIdentifier: false })),
    );
    const [first, second] = pems.map(({ certificate: { pem } }) => pem);
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(
      published(
        [
          { ...active, pem: first },
          { ...next, pem: second },
        ],
        'Active',
      ),
      [first],
    );
  });
});

describe('what status says of the CA', () => {
  const extra = { previousSha1Fingerprint: undefined, readTime: 'r', publishedTo: undefined, published: [ca(1)] };
  test('what status says of the CA is the active one, and how many there are', () =>
    assert.deepEqual(
      serverCaStatus([ca(2, { commonName: 'cn', createTime: 'c', expirationTime: 'e' }), ca(1)], {
        previousSha1Fingerprint: 'p',
        readTime: 'r',
        publishedTo: 'Secret/s',
        published: [ca(2), ca(1)],
      }),
      {
        count: 2,
        readTime: 'r',
        sha1Fingerprint: fingerprint(2),
        commonName: 'cn',
        createTime: 'c',
        expirationTime: 'e',
        previousSha1Fingerprint: 'p',
        publishedTo: 'Secret/s',
        published: [fingerprint(2), fingerprint(1)],
      },
    ));
  test('what status says of the CA holds no key for what is not known', () =>
    assert.deepEqual(serverCaStatus([ca(1)], extra), {
      count: 1,
      readTime: 'r',
      sha1Fingerprint: fingerprint(1),
      published: [fingerprint(1)],
    }));
  test('what status says of the CA bounds the common name', () =>
    assert.equal(serverCaStatus([ca(1, { commonName: 'x'.repeat(2000) })], extra).commonName?.length, 1024));
});
