import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../src/domain/instance.ts';
import {
  isAlreadyRotated,
  judgeClientCertificates,
  judgeInstance,
  judgeOperations,
  needsClientCertificates,
} from '../../../src/domain/preflight.ts';
import { anOperation, aReset, fingerprint } from '../support/builders.ts';

const runnable: Instance = { state: 'RUNNABLE', serverCaSha1Fingerprint: fingerprint(10) };

describe('the precondition of a fingerprint', () => {
  const isRotated = (wanted: string | undefined, instance: Instance): boolean =>
    isAlreadyRotated(
      aReset({ spec: { preconditions: wanted === undefined ? {} : { serverCaSha1Fingerprint: wanted } } }),
      instance,
    );
  test('none: there is something to reset', () => assert.equal(isRotated(undefined, runnable), false));
  test('the active CA has it, in either case', () => {
    assert.equal(isRotated(fingerprint(10), runnable), false);
    assert.equal(isRotated(fingerprint(10).toUpperCase(), runnable), false);
  });
  test('another CA is active: rotated already', () => assert.ok(isRotated(fingerprint(9), runnable)));
  test('the instance has no certificate: nothing to reset', () =>
    assert.ok(isRotated(fingerprint(10), { state: 'RUNNABLE' })));
});

describe('the instance', () => {
  const rows: readonly (readonly [string, Partial<Instance>, string | undefined])[] = [
    ['runs', {}, undefined],
    ['runs with a CA of its own', { serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA' }, undefined],
    ['is in maintenance', { state: 'MAINTENANCE' }, 'WaitingForInstance'],
    ['is in a state of tomorrow', { state: 'FROZEN' }, 'WaitingForInstance'],
    ['is stopped', { activationPolicy: 'NEVER' }, 'WaitingForInstance'],
    ['is of the First Generation, whatever its state', { backendType: 'FIRST_GEN', state: 'FAILED' }, 'InvalidRequest'],
    ['has a CA service', { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }, 'InvalidRequest'],
    ['has a CA mode of tomorrow', { serverCaMode: 'SOMETHING_NEW' }, 'InvalidRequest'],
  ];
  for (const [what, parts, reason] of rows) {
    test(`${what}: ${reason ?? 'nothing in the way'}`, () =>
      assert.equal(judgeInstance({ ...runnable, ...parts })?.reason, reason));
  }
});

describe('client certificates', () => {
  const certificates = [{ commonName: 'billing', sha1Fingerprint: fingerprint(3) }];
  test('matter only where nobody gets in without one', () => {
    assert.ok(needsClientCertificates({ ...runnable, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' }));
    assert.ok(!needsClientCertificates({ ...runnable, sslMode: 'ENCRYPTED_ONLY' }));
    assert.ok(!needsClientCertificates(runnable));
  });
  test('at risk are named, with how to accept it', () => {
    const verdict = judgeClientCertificates(aReset(), certificates);
    assert.equal(verdict?.reason, 'ClientCertificatesAtRisk');
    assert.match(verdict.message, /billing.*acceptClientCertificateLoss: true/);
  });
  test('may be lost where the spec accepts it', () =>
    assert.equal(
      judgeClientCertificates(aReset({ spec: { acceptClientCertificateLoss: true } }), certificates),
      undefined,
    ));
  test('none are at risk where there are none', () => assert.equal(judgeClientCertificates(aReset(), []), undefined));
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
