import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ServerCa } from '../../../src/domain/instance.ts';
import {
  revision,
  serverCaPem,
  serverCaStatus,
  templateAnnotationKey,
  templateAnnotations,
} from '../../../src/domain/tls-material.ts';
import { aReset, at, fingerprint } from '../support/builders.ts';

const ca = (n: number, rest: Partial<ServerCa> = {}): ServerCa => ({
  sha1Fingerprint: fingerprint(n),
  pem: `PEM ${n}\n`,
  ...rest,
});

describe('the annotation that rolls', () => {
  // Pinned: another value would roll every workload of every user once more.
  test('has the key that it always had', () =>
    assert.equal(
      templateAnnotationKey({ project: 'acme-prod', instance: 'orders-db' }),
      'tls.cloudsql-ssl.dev/8d79887e488ca896',
    ));
  test('has the value that it always had', () => {
    assert.equal(revision([ca(1)]), 'ac39233f6b706526fa1f93aa538367da');
    assert.equal(revision([ca(1), ca(2), ca(3)]), 'af06432bbd485c7cae1d583fb27a8a98');
  });
  test('has another key for each instance', () =>
    assert.notEqual(
      templateAnnotationKey({ project: 'a', instance: 'b' }),
      templateAnnotationKey({ project: 'a', instance: 'c' }),
    ));
  test('has the same value whatever the order of the CAs that are not active', () => {
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
  test('has another value when another CA is active', () =>
    assert.notEqual(revision([ca(1), ca(2)]), revision([ca(2), ca(1)])));
  test('has another value when a CA is added', () => assert.notEqual(revision([ca(1)]), revision([ca(1), ca(2)])));
  test('has the same value whatever the PEM looks like', () =>
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
    templateAnnotations(aReset({ name, status: { rollout: { revision: 'r' }, clientCertificates: certificates } }));

  // Pinned, as above.
  test('has the key and the value that it always had', () =>
    assert.deepEqual(of([issued(1)]), {
      'tls.cloudsql-ssl.dev/8d79887e488ca896': 'r',
      'tls.cloudsql-ssl.dev/4e5e6e9fd3a816f2': '176eaf50c11aca0e2f7f648366e6571c',
    }));
  test('is not there where there are none', () =>
    assert.deepEqual(of([]), { 'tls.cloudsql-ssl.dev/8d79887e488ca896': 'r' }));
  test('has another key for each object of the instance', () =>
    assert.notDeepEqual(Object.keys(of([issued(1)])), Object.keys(of([issued(1)], 'other'))));
  test('has another value when a certificate, or its Secret, is another one', () => {
    assert.notDeepEqual(of([issued(1)]), of([issued(2)]));
    assert.notDeepEqual(of([issued(1)]), of([issued(1, 'elsewhere')]));
    assert.notDeepEqual(of([issued(1)]), of([issued(1), issued(2, 'batch')]));
  });
  test('has the same value whatever the order, and whatever else is told of them', () => {
    const [one, two] = [issued(1), issued(2, 'batch')];
    assert.deepEqual(of([one, two]), of([two, one]));
    assert.deepEqual(of([one]), of([{ ...one, expirationTime: at(99), commonName: 'renamed' }]));
  });
});

describe('the published PEM', () => {
  test('holds every CA, the active one first', () =>
    assert.equal(serverCaPem([ca(2), ca(1)], 'All'), 'PEM 2\nPEM 1\n'));
  test('holds the active one alone', () => assert.equal(serverCaPem([ca(2), ca(1)], 'Active'), 'PEM 2\n'));
  test('holds a CA of several blocks whole, also the active one alone', () => {
    const chain = ca(2, { pem: 'ROOT\nINTERMEDIATE\n' });
    assert.equal(serverCaPem([chain, ca(1)], 'Active'), 'ROOT\nINTERMEDIATE\n');
    assert.equal(serverCaPem([chain, ca(1)], 'All'), 'ROOT\nINTERMEDIATE\nPEM 1\n');
  });
  test('has Unix line ends, each block with one', () =>
    assert.equal(serverCaPem([ca(1, { pem: 'a\r\nb' }), ca(2, { pem: 'c\n\n' })], 'All'), 'a\nb\nc\n'));
});

describe('what status tells of the CA', () => {
  const extra = { previousSha1Fingerprint: undefined, publishedTo: undefined };
  test('is the active one, and how many there are', () =>
    assert.deepEqual(
      serverCaStatus([ca(2, { commonName: 'cn', createTime: 'c', expirationTime: 'e' }), ca(1)], {
        previousSha1Fingerprint: 'p',
        publishedTo: 'Secret/s',
      }),
      {
        count: 2,
        sha1Fingerprint: fingerprint(2),
        commonName: 'cn',
        createTime: 'c',
        expirationTime: 'e',
        previousSha1Fingerprint: 'p',
        publishedTo: 'Secret/s',
      },
    ));
  test('holds no key for what is not known', () =>
    assert.deepEqual(serverCaStatus([ca(1)], extra), { count: 1, sha1Fingerprint: fingerprint(1) }));
  test('bounds the common name', () =>
    assert.equal(serverCaStatus([ca(1, { commonName: 'x'.repeat(2000) })], extra).commonName?.length, 1024));
});
