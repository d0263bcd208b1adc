import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { quoted, shell } from '../../../src/lib/shell.ts';

const SOURCE = fileURLToPath(new URL('../../../src/', import.meta.url));

describe('shell commands in messages', () => {
  it('every command in the source stands in the template that quotes its values', async () => {
    const commands: string[] = [];
    for await (const file of glob('**/*.ts', { cwd: SOURCE })) {
      const text = (await readFile(`${SOURCE}${file}`, 'utf8')).replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, '');
      for (const { index, 0: command } of text.matchAll(/\b(?:kubectl|gcloud|helm) [-a-z]+.*/g)) {
        commands.push(command);
        assert.ok(text.slice(0, index).endsWith('shell`'), `${file}: ${command}`);
      }
    }
    assert.ok(commands.length > 10);
  });

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
