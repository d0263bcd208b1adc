import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command } from 'commander';
import { addKubectlFlags, kubectlArguments } from '../../../src/kubectl-sslreset/kubectl-flags.ts';

/** What kubectl gets of these arguments. */
function passedOn(...args: readonly string[]): readonly string[] {
  const command = addKubectlFlags(new Command('test')).argument('[names...]');
  command.parse(args, { from: 'user' });
  return kubectlArguments(command.opts());
}

describe('the flags of kubectl', () => {
  test('the flags of kubectl are passed on, short or long, with a space or an equals sign', () => {
    assert.deepEqual(passedOn('-n', 'orders', 'db', '--context=prod', '-v', '6', '--request-timeout', '5s'), [
      '--namespace=orders',
      '--context=prod',
      '--request-timeout=5s',
      '--v=6',
    ]);
  });

  test('the flags of kubectl that may be repeated are passed on each time, and swallow no name', () => {
    assert.deepEqual(passedOn('--as-group', 'a', '--as-group=b', 'db'), ['--as-group=a', '--as-group=b']);
  });

  test('the flags of kubectl that take no value are passed on as true', () => {
    assert.deepEqual(passedOn('--insecure-skip-tls-verify'), ['--insecure-skip-tls-verify=true']);
  });

  test('the flags of kubectl that are not given are not passed on', () => {
    assert.deepEqual(passedOn('db'), []);
  });
});
