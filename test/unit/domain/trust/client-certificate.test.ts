import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { withCertificate } from '../../../../src/domain/trust/certificate-status.ts';
import {
  type CertificateFacts,
  type CertificateJudgement,
  type IssueObservation,
  inSafeOrder,
  judgeCertificate,
  type KeySecret,
  resolveIssue,
  type SecretOrigin,
} from '../../../../src/domain/trust/client-certificate.ts';
import type { ClientCertificateStatus } from '../../../../src/domain/trust/distribution.ts';
import { heldCertificate, secretKeys } from '../../../../src/domain/trust/held-certificate.ts';
import { fingerprint, NOW } from '../../../support/fakes/builders.ts';
import { CertificateMaker } from '../../../support/fakes/client-certificates.ts';
import { toBytes } from '../../../support/object-data.ts';

const cert = (n: number, commonName = 'app') => ({ commonName, sha1Fingerprint: fingerprint(n) });
const held = (n: number) => ({ sha1Fingerprint: fingerprint(n), expirationTime: NOW });

const recorded = (n: number, parts: Partial<ClientCertificateStatus> = {}) => ({
  commonName: 'app',
  sha1Fingerprint: fingerprint(n),
  ...parts,
});
const secret = (n: number, origin: SecretOrigin = 'Own', name = 'app-cert'): KeySecret => ({
  name,
  origin,
  held: held(n),
});
const keep = (n: number, isOurs = true): CertificateJudgement => ({ kind: 'Keep', held: held(n), isOurs });
const move = (n: number, isOurs = true): CertificateJudgement => ({
  kind: 'Move',
  held: held(n),
  isOurs,
  from: 'old-cert',
});
const conflict = (n: number): CertificateJudgement => ({ kind: 'Conflict', sha1Fingerprint: fingerprint(n) });
const remove = (n: number): CertificateJudgement => ({ kind: 'Delete', sha1Fingerprint: fingerprint(n) });

describe('a client certificate that the spec wants', () => {
  const rows: readonly (readonly [string, Partial<CertificateFacts>, CertificateJudgement])[] = [
    ['none of the name: issued', {}, { kind: 'Issue' }],
    ['only of other names: issued', { listed: [cert(1, 'batch')] }, { kind: 'Issue' }],
    [
      'ours, and its Secret holds it: kept',
      { listed: [cert(1)], recorded: recorded(1), secret: secret(1, 'Foreign') },
      keep(1),
    ],
    [
      'ours, and its Secret holds another one: deleted',
      { listed: [cert(1)], recorded: recorded(1), secret: secret(2) },
      remove(1),
    ],
    ['ours, and its Secret is gone: deleted', { listed: [cert(1)], recorded: recorded(1) }, remove(1)],
    ['ours, and not listed any more: issued', { recorded: recorded(1), secret: secret(1) }, { kind: 'Issue' }],
    ['not ours: a conflict', { listed: [cert(2)] }, conflict(2)],
    [
      'not ours, although a Secret that is not ours holds it: a conflict',
      { listed: [cert(2)], recorded: recorded(1), secret: secret(2, 'Foreign') },
      conflict(2),
    ],
    [
      'ours without its Secret, and one that is not beside it: a conflict, before anything is deleted',
      { listed: [cert(1), cert(2)], recorded: recorded(1) },
      conflict(2),
    ],
    [
      'unknown to the status, and in a Secret that we wrote: kept as ours',
      { listed: [cert(1)], secret: secret(1) },
      keep(1),
    ],
    [
      'unknown to the status, and in a Secret that was handed over: kept, and not ours',
      { listed: [cert(1)], secret: secret(1, 'HandedOver') },
      keep(1, false),
    ],
    [
      'kept out of a Secret that was handed over: not ours after we wrote into that',
      { listed: [cert(1)], recorded: recorded(1, { handedOver: true }), secret: secret(1) },
      keep(1, false),
    ],
    [
      'kept out of a Secret that was handed over, which is gone: a conflict, nothing is deleted',
      { listed: [cert(1)], recorded: recorded(1, { handedOver: true }) },
      conflict(1),
    ],
    [
      'ours, and the Secret that it was in before holds it: moved',
      { listed: [cert(1)], recorded: recorded(1), others: [secret(1, 'Own', 'old-cert')] },
      move(1),
    ],
    [
      'ours, and the new Secret holds another one: moved out of the old one',
      { listed: [cert(1)], recorded: recorded(1), secret: secret(2), others: [secret(1, 'Own', 'old-cert')] },
      move(1),
    ],
    [
      'ours, in a Secret that is not ours any more: still not deleted',
      { listed: [cert(1)], recorded: recorded(1), others: [secret(1, 'Foreign', 'old-cert')] },
      move(1),
    ],
    [
      'unknown to the status, and only in a Secret that is not ours: a conflict',
      { listed: [cert(1)], others: [secret(1, 'Foreign', 'old-cert')] },
      conflict(1),
    ],
    [
      'of another name in the Secret: not taken for it',
      { listed: [cert(1, 'batch'), cert(2)], secret: secret(1) },
      conflict(2),
    ],
  ];
  for (const [what, parts, judgement] of rows) {
    test(`a client certificate that the spec wants: ${what}`, () => {
      const facts = { commonName: 'app', recorded: undefined, listed: [], secret: undefined, others: [], ...parts };
      assert.deepEqual(judgeCertificate(facts), judgement);
    });
  }
});

describe('keys that are moved from Secret to Secret', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const moves = fc
    .tuple(fc.shuffledSubarray(names), fc.shuffledSubarray(names))
    .map(([from, to]) =>
      from.flatMap((one, n) => (to[n] === undefined || to[n] === one ? [] : [{ from: one, to: to[n] }])),
    );

  test('all go, each once', () =>
    fc.assert(
      fc.property(moves, (all) => {
        assert.deepEqual(new Set(inSafeOrder(all)), new Set(all));
        assert.equal(inSafeOrder(all).length, all.length);
      }),
    ));

  test('keys that are moved from Secret to Secret are out of a Secret before another one is written into it, unless they go in a circle', () =>
    fc.assert(
      fc.property(moves, (all) => {
        const ordered = inSafeOrder(all);
        for (const [n, { to }] of ordered.entries()) {
          const isOnlyKeyThere = ordered.slice(n + 1).some(({ from }) => from === to);
          assert.ok(!isOnlyKeyThere || isInCircle(to, all), `${JSON.stringify(ordered)} loses what is in ${to}`);
        }
      }),
    ));

  function isInCircle(name: string, all: readonly { readonly from: string; readonly to: string }[]): boolean {
    let at = all.find(({ from }) => from === name)?.to;
    while (at !== undefined && at !== name) at = all.find(({ from }) => from === at)?.to;
    return at === name;
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
  test('an issue that nobody saw end left a certificate: it is that one', () =>
    assert.deepEqual(resolved({ listed: [cert(1, 'batch'), cert(2)] }), {
      kind: 'Issued',
      sha1Fingerprint: fingerprint(2),
    }));
  test('an issue that nobody saw end left none that was not there before: it is waited for', () =>
    assert.deepEqual(resolved({ listed: [cert(1)], sinceSeenMs: 999 }, [fingerprint(1)]), { kind: 'Wait' }));
  test('an issue that nobody saw end left none when the grace is over: it was not made', () =>
    assert.deepEqual(resolved({ sinceSeenMs: 1_000 }), { kind: 'NotIssued' }));
  test('an issue that nobody saw end left several: a conflict', () =>
    assert.deepEqual(resolved({ listed: [cert(1), cert(2)] }), {
      kind: 'Conflict',
      sha1Fingerprints: [fingerprint(1), fingerprint(2)],
    }));
});

describe('what a Secret holds', () => {
  const maker = new CertificateMaker();
  const [one, other] = [maker.next(), maker.next()];
  const data = { [secretKeys.certificate]: one.certificatePem, [secretKeys.privateKey]: one.privateKeyPem };
  test('what a Secret holds is a certificate with its key', () =>
    assert.deepEqual(heldCertificate(toBytes(data)), {
      sha1Fingerprint: one.sha1Fingerprint,
      expirationTime: '2036-01-01T00:00:00Z',
    }));
  test('what a Secret holds is nothing with the key of another one', () =>
    assert.equal(heldCertificate(toBytes({ ...data, [secretKeys.privateKey]: other.privateKeyPem })), undefined));
  test('what a Secret holds is nothing without a key', () =>
    assert.equal(heldCertificate(toBytes({ [secretKeys.certificate]: one.certificatePem })), undefined));
  test('what a Secret holds is nothing where it cannot be read', () =>
    assert.equal(heldCertificate(toBytes({ ...data, [secretKeys.certificate]: 'dry run\n' })), undefined));
});

describe('the entry of a certificate', () => {
  test('the entry of a certificate takes the place of the one of its name', () =>
    assert.deepEqual(withCertificate([cert(1), cert(2, 'batch')], cert(3)), [cert(2, 'batch'), cert(3)]));
  test('the entry of a certificate goes where it tells nothing but its name', () =>
    assert.deepEqual(withCertificate([cert(1)], { commonName: 'app' }), []));
});
