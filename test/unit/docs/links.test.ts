import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { test } from 'node:test';
import {
  anchorsOf,
  linksOf,
  type MarkdownFile,
  markdownFiles,
  parseMarkdown,
  ROOT,
} from '../../support/docs/markdown.ts';

/** What is wrong with a link of a file, undefined where it leads somewhere. */
async function problemOf(link: string, from: MarkdownFile, all: readonly MarkdownFile[]): Promise<string | undefined> {
  const target = new URL(link, new URL(from.path, ROOT));
  if (target.protocol !== 'file:') return undefined;
  const path = decodeURIComponent(target.pathname.slice(ROOT.pathname.length));
  const exists = await access(new URL(path, ROOT)).then(
    () => true,
    () => false,
  );
  if (!exists) return `${from.path}: ${link} leads nowhere`;
  const file = all.find((one) => one.path === path);
  const anchor = target.hash.slice(1);
  if (anchor === '' || (file !== undefined && anchorsOf(file).has(anchor))) return undefined;
  return `${from.path}: ${link} names no heading`;
}

test('every relative link of every Markdown file leads to a file, and to a heading where it names one', async () => {
  const all = await markdownFiles();
  assert.ok(all.length > 10);
  const problems = await Promise.all(all.flatMap((file) => linksOf(file).map((link) => problemOf(link, file, all))));
  assert.ok(problems.length > 50);
  assert.deepEqual(
    problems.filter((problem) => problem !== undefined),
    [],
  );
});

test('every page of the docs can be reached from their index', async () => {
  const all = (await markdownFiles()).filter(({ path }) => path.startsWith('docs/'));
  const index = all.find(({ path }) => path === 'docs/README.md');
  assert.ok(index);
  const linked = new Set(linksOf(index).map((link) => new URL(link, new URL(index.path, ROOT)).pathname));
  const missing = all.filter((file) => file !== index && !linked.has(new URL(file.path, ROOT).pathname));
  assert.deepEqual(
    missing.map(({ path }) => path),
    [],
  );
});

test('headings make the anchors that GitHub makes of them', () => {
  const text = '# What `retry` does, and when\n\n## A_b – c\n\n## Twice\n## Twice\n```sh\n# no heading\n```\n';
  assert.deepEqual(
    [...anchorsOf(parseMarkdown('x.md', text))],
    ['what-retry-does-and-when', 'a_b--c', 'twice', 'twice-1'],
  );
});
