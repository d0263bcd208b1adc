import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { statusTree } from '../../../src/kubectl-sslreset/status-tree.ts';
import { linesOf } from '../../../src/kubectl-sslreset/tree.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const page = await readFile(new URL('docs/kubectl-sslreset.md', ROOT), 'utf8');

/** A block that begins with this command. */
const console = (command: string, output: string): string => `\`\`\`console\n$ ${command}\n${output.trimEnd()}\n\`\`\``;

test('docs/kubectl-sslreset.md shows the help that the plugin prints', async () => {
  const plugin = fileURLToPath(new URL('src/kubectl-sslreset/kubectl-sslreset.ts', ROOT));
  const { stdout } = await promisify(execFile)(process.execPath, [plugin, '--help']);
  assert.ok(page.includes(console('kubectl sslreset --help', stdout)), `--help prints:\n${stdout}`);
});

test('docs/kubectl-sslreset.md shows the tree that the plugin draws of the object beside its test', async () => {
  const object: ShownObject = JSON.parse(await readFile(new URL('orders-db.json', import.meta.url), 'utf8'));
  const layout = { width: Number.POSITIVE_INFINITY, paint: (text: string) => text };
  const drawn = linesOf([statusTree(object)], layout).join('\n');
  assert.ok(page.includes(console('kubectl sslreset status -n orders', drawn)), drawn);
});
