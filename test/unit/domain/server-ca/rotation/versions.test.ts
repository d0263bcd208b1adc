import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { caOf, servesUntilMs, versionsOf } from '../../../../../src/domain/server-ca/rotation/versions.ts';
import type { Status } from '../../../../../src/domain/server-ca/server-ca-object.ts';

const CAS: NonNullable<Status['serverCas']> = [
  { sha1Fingerprint: 'a', role: 'Active', published: true, expirationTime: '2036-01-01T00:00:00Z' },
  { sha1Fingerprint: 'b', role: 'Waiting', published: false, heldBack: 'No window is open' },
];
const CERTIFICATES: NonNullable<Status['certificates']> = [
  { sha1Fingerprint: '1', role: 'Active', serverCaSha1Fingerprint: 'a', expirationTime: '2027-01-01T00:00:00Z' },
  { sha1Fingerprint: '2', role: 'Waiting', serverCaSha1Fingerprint: 'b' },
];
const WITH_SERVICE = { serverCas: CAS, certificates: CERTIFICATES };

describe('what a rotation switches', () => {
  test('what a rotation switches are the server CAs of an instance of its own, and the server certificates of a CA service', () => {
    assert.deepEqual(
      versionsOf({ serverCas: CAS }).map(({ sha1Fingerprint, role }) => `${sha1Fingerprint} ${role}`),
      ['a Active', 'b Waiting'],
    );
    assert.deepEqual(
      versionsOf(WITH_SERVICE).map(({ sha1Fingerprint, role }) => `${sha1Fingerprint} ${role}`),
      ['1 Active', '2 Waiting'],
    );
  });

  test('what a rotation switches to is trusted by the CA that signed it, which clients may take for the active one, or which has to wait for a window', () => {
    assert.equal(caOf({ serverCas: CAS }, 'b'), 'b');
    assert.equal(caOf(WITH_SERVICE, '2'), 'b');
    const [active, waiting] = versionsOf(WITH_SERVICE);
    assert.partialDeepStrictEqual(active, { serverCa: 'a', isAlike: false });
    assert.partialDeepStrictEqual(waiting, { serverCa: 'b', isAlike: true, heldBack: 'No window is open' });
  });

  test('an instance serves until its CA expires, or its server certificate if that is earlier', () => {
    assert.equal(servesUntilMs({ serverCas: CAS }), Date.parse('2036-01-01T00:00:00Z'));
    assert.equal(servesUntilMs(WITH_SERVICE), Date.parse('2027-01-01T00:00:00Z'));
    assert.equal(servesUntilMs({}), undefined);
  });
});
