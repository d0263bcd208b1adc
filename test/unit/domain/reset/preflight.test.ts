import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../../src/domain/instance.ts';
import {
  alreadyDone,
  judgeClientCertificates,
  judgeFingerprint,
  judgeInstance,
  judgeOperations,
  judgeShownCa,
  needsClientCertificates,
} from '../../../../src/domain/reset/preflight.ts';
import type { Spec } from '../../../../src/domain/reset/ssl-reset.ts';
import { anOperation, aReset, fingerprint } from '../../../support/fakes/builders.ts';

const runnable: Instance = { state: 'RUNNABLE', serverCaSha1Fingerprint: fingerprint(10) };

describe('what was asked for has happened already', () => {
  const reasonOf = (preconditions: Spec['preconditions'], instance: Instance) =>
    alreadyDone(aReset({ spec: { preconditions } }), instance);
  const fingerprintOf = (n: number) => ({ serverCaSha1Fingerprint: fingerprint(n) });
  const missing = { serverCertificate: 'Missing' } as const;
  const without: Instance = { state: 'RUNNABLE' };

  test('what was asked for has happened already: not without a precondition', () =>
    assert.equal(reasonOf({}, runnable), undefined));
  test('what was asked for has happened already: not while the active CA has the fingerprint, in either case', () => {
    assert.equal(reasonOf(fingerprintOf(10), runnable), undefined);
    const upper = { serverCaSha1Fingerprint: fingerprint(10).toUpperCase() };
    assert.equal(reasonOf(upper, runnable), undefined);
  });
  test('what was asked for has happened already where another CA is active', () =>
    assert.equal(reasonOf(fingerprintOf(9), runnable), 'AlreadyRotated'));
  test('what was asked for has happened already: not while the instance shows no CA, which is waited for', () => {
    assert.equal(reasonOf(fingerprintOf(10), without), undefined);
    const verdictOf = (preconditions: Spec['preconditions'], instance: Instance) =>
      judgeShownCa(aReset({ spec: { preconditions } }), instance)?.reason;
    assert.equal(verdictOf(fingerprintOf(10), without), 'WaitingForInstance');
    assert.equal(verdictOf(fingerprintOf(9), runnable), undefined);
    assert.equal(verdictOf(missing, without), undefined);
  });
  test('what was asked for has happened already: not while the instance has no server certificate', () =>
    assert.equal(reasonOf(missing, without), undefined));
  test('what was asked for has happened already where the instance that should have none has a server certificate', () =>
    assert.equal(reasonOf(missing, runnable), 'AlreadyPresent'));
});

describe('the precondition of a fingerprint', () => {
  const rows: readonly (readonly [string, Partial<Spec>, Partial<Instance>, string | undefined])[] = [
    ['guards an instance with a CA of its own', {}, { serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA' }, undefined],
    ['guards an instance that tells no mode', {}, {}, undefined],
    ['guards nothing with a CA service', {}, { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }, 'InvalidRequest'],
    ["guards nothing with a customer's CA", {}, { serverCaMode: 'CUSTOMER_MANAGED_CAS_CA' }, 'InvalidRequest'],
    ['guards nothing in a mode of tomorrow', {}, { serverCaMode: 'SOMETHING_NEW' }, 'InvalidRequest'],
    ['guards nothing where a replica syncs', { mode: 'SyncFromPrimary' }, {}, 'InvalidRequest'],
  ];
  const preconditions = { serverCaSha1Fingerprint: fingerprint(10) };
  for (const [what, spec, parts, reason] of rows) {
    test(`the precondition of a fingerprint: ${what}`, () => {
      const verdict = judgeFingerprint(aReset({ spec: { preconditions, ...spec } }), { ...runnable, ...parts });
      assert.equal(verdict?.reason, reason);
      if (verdict !== undefined) assert.match(verdict.message, /nothing was called.*requestId/);
    });
  }
  test('the precondition of a fingerprint is not asked of who has none', () =>
    assert.equal(judgeFingerprint(aReset(), { ...runnable, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }), undefined));
});

describe('the instance', () => {
  const rows: readonly (readonly [string, Partial<Instance>, string | undefined])[] = [
    ['runs', {}, undefined],
    ['runs with a CA of its own', { serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA' }, undefined],
    ['is in maintenance', { state: 'MAINTENANCE' }, 'WaitingForInstance'],
    ['is in a state of tomorrow', { state: 'FROZEN' }, 'WaitingForInstance'],
    ['is stopped', { activationPolicy: 'NEVER' }, 'WaitingForInstance'],
    ['is of the First Generation', { backendType: 'FIRST_GEN' }, undefined],
    ['has a CA service', { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }, undefined],
    ['has a CA mode of tomorrow', { serverCaMode: 'SOMETHING_NEW' }, undefined],
  ];
  for (const [what, parts, reason] of rows) {
    test(`${what}: ${reason ?? 'nothing in the way'}`, () =>
      assert.equal(judgeInstance({ ...runnable, ...parts })?.reason, reason));
  }
});

describe('client certificates', () => {
  const certificates = [{ commonName: 'billing', sha1Fingerprint: fingerprint(3) }];
  const demanding = { ...runnable, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' };
  test('client certificates matter only where nobody gets in without one', () => {
    assert.ok(needsClientCertificates({ ...runnable, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' }));
    assert.ok(!needsClientCertificates({ ...runnable, sslMode: 'ENCRYPTED_ONLY' }));
    assert.ok(!needsClientCertificates(runnable));
  });
  test('client certificates are at risk too where the instance has an SSL mode that is not known', () => {
    const verdict = judgeClientCertificates(aReset(), { ...runnable, sslMode: 'MUTUAL_TLS' }, certificates);
    assert.equal(verdict?.reason, 'ClientCertificatesAtRisk');
    assert.match(verdict.message, /sslMode MUTUAL_TLS, which is not known/);
  });
  test('client certificates are not at risk where the instance lets clients in without one', () =>
    assert.equal(
      judgeClientCertificates(aReset(), { ...runnable, sslMode: 'ENCRYPTED_ONLY' }, certificates),
      undefined,
    ));
  test('at risk are named, with how to accept it', () => {
    const verdict = judgeClientCertificates(aReset(), demanding, certificates);
    assert.equal(verdict?.reason, 'ClientCertificatesAtRisk');
    assert.match(verdict.message, /billing.*acceptClientCertificateLoss: true/);
  });
  test('client certificates that the spec names are not at risk', () => {
    const clientCertificates = [{ commonName: 'billing', secretName: 'x' }];
    const reset = aReset({ spec: { clientCertificates } });
    assert.equal(judgeClientCertificates(reset, demanding, certificates), undefined);
    const others = [...certificates, { commonName: 'reports', sha1Fingerprint: fingerprint(4) }];
    const message = judgeClientCertificates(reset, demanding, others)?.message ?? '';
    assert.match(message, /deletes 1 .*: reports\. Their users/);
  });
  test('client certificates may be lost where the spec accepts it', () =>
    assert.equal(
      judgeClientCertificates(aReset({ spec: { acceptClientCertificateLoss: true } }), demanding, certificates),
      undefined,
    ));
  test('none are at risk where there are none', () =>
    assert.equal(judgeClientCertificates(aReset(), demanding, []), undefined));
});

describe('another operation', () => {
  const done = anOperation({ status: 'DONE' });
  test('done ones are not in the way', () => assert.equal(judgeOperations([done]), undefined));
  test('a running one is waited for, and named', () => {
    const verdict = judgeOperations([
      done,
      anOperation({ name: 'op-7', operationType: 'BACKUP_VOLUME', status: 'PENDING' }),
    ]);
    assert.equal(verdict?.reason, 'WaitingForInstance');
    assert.match(verdict.message, /op-7.*BACKUP_VOLUME.*PENDING/);
  });
});
