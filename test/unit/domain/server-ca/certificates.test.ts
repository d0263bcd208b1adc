import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordedCertificates } from '../../../../src/domain/server-ca/certificates.ts';

const certificate = (n: number) => ({
  sha1Fingerprint: String(n),
  serverCaSha1Fingerprint: 'a',
  createTime: `2026-01-0${n}T00:00:00Z`,
});

const roles = (numbers: readonly number[], pastActive: readonly string[], rotatingTo: readonly string[] = []) =>
  recordedCertificates(numbers.map(certificate), { pastActive, rotatingTo }).map(({ role }) => role);

describe('the server certificates of a status', () => {
  test('the server certificates of a status wait if they are newer than the active one, and were never active', () => {
    assert.deepEqual(roles([2, 1, 3], []), ['Active', 'RotatedOut', 'Waiting']);
    assert.deepEqual(roles([2, 1, 3], ['3']), ['Active', 'RotatedOut', 'RotatedOut']);
  });

  test('the server certificates of a status wait if an object is about to switch to them, whatever they were', () => {
    assert.deepEqual(roles([2, 1], ['1'], ['1']), ['Active', 'Waiting']);
  });

  test('the server certificates of a status have their times in seconds, and no more than are known', () => {
    const expirationTime = '2027-01-01T00:00:00.123Z';
    const { createTime: _unknown, ...first } = certificate(1);
    assert.deepEqual(recordedCertificates([{ ...first, expirationTime }], { pastActive: [], rotatingTo: [] }), [
      { sha1Fingerprint: '1', role: 'Active', serverCaSha1Fingerprint: 'a', expirationTime: '2027-01-01T00:00:00Z' },
    ]);
  });
});
