import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { quoted, shell } from '../../../src/domain/shell.ts';

describe('shell commands in messages', () => {
  it('a plain value stands in a command as it is', () => {
    assert.equal(
      shell`kubectl -n ${'orders'} get sslreset ${'orders-db.v1'}`,
      'kubectl -n orders get sslreset orders-db.v1',
    );
  });

  it('a value with shell syntax is one literal word of a command', () => {
    assert.equal(shell`gcloud delete ${'app; echo hi #'} --quiet`, "gcloud delete 'app; echo hi #' --quiet");
    assert.equal(shell`echo ${"it's"}`, "echo 'it'\\''s'");
    assert.equal(shell`echo ${''} end`, "echo '' end");
  });

  it('a POSIX shell reads each quoted value back as exactly that value', () => {
    const line = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (values) => {
        const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${values.map(quoted).join(' ')}`], {
          encoding: 'utf8',
        });
        assert.equal(printed, values.map((value) => `${value}\n`).join(''));
      }),
      { numRuns: 50 },
    );
  });
});
