import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
const rows = (text: string, start: RegExp): readonly string[] =>
  text.split('\n').flatMap((line) => (start.test(line) ? [line.replace(start, '|')] : []));

test('the state table of the docs is the one that decide goes by', async () => {
  const [, section = ''] = (await read('docs/architecture.md')).split('## The state table');
  const [table = ''] = section.split('## Choices');
  const comment = rows(await read('src/domain/reset/decide.ts'), /^ \* \|/);
  assert.ok(comment.length > 10);
  assert.deepEqual(rows(table, /^\|/), comment);
});
