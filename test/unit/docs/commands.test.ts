import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const { bin }: { readonly bin: Readonly<Record<string, string>> } = JSON.parse(await read('package.json'));
const commands = Object.entries(bin);

test('each command of package.json can be executed, and names its interpreter', async () => {
  assert.ok(commands.length > 0);
  for (const [name, path] of commands) {
    await assert.doesNotReject(access(new URL(path, ROOT), constants.X_OK), name);
    assert.match(await read(path), /^#!\/usr\/bin\/env node\n/, name);
  }
});

test('the README beside each command shows the help that the command prints', async () => {
  for (const [name, path] of commands) {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL(path, ROOT)), '--help']);
    const shown = `\`\`\`console\n$ npx --no-install ${name} --help\n${stdout.trimEnd()}\n\`\`\``;
    assert.ok((await read(`${dirname(path)}/README.md`)).includes(shown), `${path} --help prints:\n${stdout}`);
  }
});
