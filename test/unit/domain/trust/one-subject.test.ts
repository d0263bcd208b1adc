import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServerCa } from '../../../../src/domain/instance.ts';
import { areAlike } from '../../../../src/domain/trust/one-subject.ts';
import { createAuthority } from '../../../cloudsql-emulator/certificates.ts';
import { ca } from '../../../support/fakes/followed.ts';

async function authority(qualifier: string, hasKeyIdentifier: boolean): Promise<ServerCa> {
  const { certificate } = await createAuthority('Google Cloud SQL Server CA', { qualifier, hasKeyIdentifier });
  return { sha1Fingerprint: certificate.sha1Fingerprint, pem: certificate.pem };
}

describe('two server CAs', () => {
  test('two server CAs are alike with one subject, unless both have a key identifier', async () => {
    const [plain, other, named, otherNamed] = await Promise.all([
      authority('one', false),
      authority('one', false),
      authority('one', true),
      authority('one', true),
    ]);
    assert.ok(areAlike(plain, other));
    assert.ok(areAlike(plain, named));
    assert.ok(areAlike(named, plain));
    assert.ok(!areAlike(named, otherNamed));
  });

  test('two server CAs of two subjects are told apart, and so is one that cannot be read', async () => {
    const [one, other] = await Promise.all([authority('one', false), authority('other', false)]);
    assert.ok(!areAlike(one, other));
    assert.ok(!areAlike(one, ca(1)));
  });
});
