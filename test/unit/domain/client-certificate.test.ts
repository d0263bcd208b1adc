import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CertificateFacts,
  type CertificateJudgement,
  heldCertificate,
  type IssueObservation,
  judgeCertificate,
  resolveIssue,
  secretKeys,
  withCertificate,
} from '../../../src/domain/client-certificate.ts';
import { fingerprint, NOW } from '../support/builders.ts';
import { CertificateMaker } from '../support/client-certificates.ts';

const cert = (n: number, commonName = 'app') => ({ commonName, sha1Fingerprint: fingerprint(n) });
const held = (n: number) => ({ sha1Fingerprint: fingerprint(n), expirationTime: NOW });

describe('a client certificate that the spec wants', () => {
  const rows: readonly (readonly [string, Partial<CertificateFacts>, CertificateJudgement])[] = [
    ['none of the name: issued', {}, { kind: 'Issue' }],
    ['only of other names: issued', { listed: [cert(1, 'batch')] }, { kind: 'Issue' }],
    [
      'ours, and its Secret holds it: kept',
      { listed: [cert(1)], recorded: fingerprint(1), held: held(1) },
      { kind: 'Keep', held: held(1) },
    ],
    [
      'ours, and its Secret holds another one: deleted',
      { listed: [cert(1)], recorded: fingerprint(1), held: held(2) },
      { kind: 'Delete', sha1Fingerprint: fingerprint(1) },
    ],
    [
      'ours, and its Secret is gone: deleted',
      { listed: [cert(1)], recorded: fingerprint(1) },
      { kind: 'Delete', sha1Fingerprint: fingerprint(1) },
    ],
    ['ours, and not listed any more: issued', { recorded: fingerprint(1), held: held(1) }, { kind: 'Issue' }],
    ['not ours: a conflict', { listed: [cert(2)] }, { kind: 'Conflict', sha1Fingerprint: fingerprint(2) }],
    [
      'not ours, although the Secret holds it: a conflict',
      { listed: [cert(2)], recorded: fingerprint(1), held: held(2) },
      { kind: 'Conflict', sha1Fingerprint: fingerprint(2) },
    ],
    [
      'ours without its Secret, and one that is not beside it: a conflict, before anything is deleted',
      { listed: [cert(1), cert(2)], recorded: fingerprint(1) },
      { kind: 'Conflict', sha1Fingerprint: fingerprint(2) },
    ],
  ];
  for (const [what, parts, judgement] of rows) {
    test(what, () => {
      const facts = { commonName: 'app', recorded: undefined, listed: [], held: undefined, ...parts };
      assert.deepEqual(judgeCertificate(facts), judgement);
    });
  }
});

describe('an issue that nobody saw end', () => {
  const resolved = (parts: Partial<IssueObservation>, before: readonly string[] = []) =>
    resolveIssue({
      issue: { commonName: 'app', issuing: { time: NOW, before } },
      listed: [],
      sinceSeenMs: 0,
      resolveGraceMs: 1_000,
      ...parts,
    });
  test('left a certificate: it is that one', () =>
    assert.deepEqual(resolved({ listed: [cert(1, 'batch'), cert(2)] }), {
      kind: 'Issued',
      sha1Fingerprint: fingerprint(2),
    }));
  test('left none that was not there before: it is waited for', () =>
    assert.deepEqual(resolved({ listed: [cert(1)], sinceSeenMs: 999 }, [fingerprint(1)]), { kind: 'Wait' }));
  test('left none when the grace is over: it was not made', () =>
    assert.deepEqual(resolved({ sinceSeenMs: 1_000 }), { kind: 'NotIssued' }));
  test('left several: a conflict', () =>
    assert.deepEqual(resolved({ listed: [cert(1), cert(2)] }), {
      kind: 'Conflict',
      sha1Fingerprints: [fingerprint(1), fingerprint(2)],
    }));
});

describe('what a Secret holds', () => {
  const maker = new CertificateMaker();
  const [one, other] = [maker.next(), maker.next()];
  const data = { [secretKeys.certificate]: one.certificatePem, [secretKeys.privateKey]: one.privateKeyPem };
  test('is a certificate with its key', () =>
    assert.deepEqual(heldCertificate(data), {
      sha1Fingerprint: one.sha1Fingerprint,
      expirationTime: '2036-01-01T00:00:00Z',
    }));
  test('is nothing with the key of another one', () =>
    assert.equal(heldCertificate({ ...data, [secretKeys.privateKey]: other.privateKeyPem }), undefined));
  test('is nothing without a key', () =>
    assert.equal(heldCertificate({ [secretKeys.certificate]: one.certificatePem }), undefined));
  test('is nothing where it cannot be read', () =>
    assert.equal(heldCertificate({ ...data, [secretKeys.certificate]: 'dry run\n' }), undefined));
});

describe('the entry of a certificate', () => {
  test('takes the place of the one of its name', () =>
    assert.deepEqual(withCertificate([cert(1), cert(2, 'batch')], cert(3)), [cert(2, 'batch'), cert(3)]));
  test('goes where it tells nothing but its name', () =>
    assert.deepEqual(withCertificate([cert(1)], { commonName: 'app' }), []));
});
