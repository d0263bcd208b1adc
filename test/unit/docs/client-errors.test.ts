import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ROOT } from '../../support/docs/markdown.ts';

/** What an application says after a reset, as people search for it. */
const TEXTS = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'unable to verify the first certificate',
  'certificate verify failed',
  'PKIX path building failed',
  'x509: certificate signed by unknown authority',
  'invalid padding',
  'private key file … has group or world access',
  'pool',
] as const;

for (const path of ['README.md', 'docs/troubleshooting.md', 'docs/clients.md']) {
  test(`who searches ${path} for the error of a client finds the way to what it means`, async () => {
    const text = (await readFile(new URL(path, ROOT), 'utf8')).replaceAll(/\s+/g, ' ');
    assert.ok(path === 'docs/clients.md' || /\]\((docs\/)?clients\.md/.test(text), 'no link');
    assert.deepEqual(
      TEXTS.filter((error) => !text.includes(error)),
      [],
    );
  });
}
