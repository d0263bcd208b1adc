/** Figures of the code that pages give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entries } from '../../../src/config/flags.ts';
import { parseDuration } from '../../../src/lib/duration.ts';
import { markdownFiles } from '../../support/docs/markdown.ts';

/** `--flag` (VALUE), or (`--flag`, VALUE). */
const GIVEN = /`--([a-z-]+)`(?:,| \() ?`?(:?\d[^\s)`]*(?: [a-z]+)?)`?\)/g;

/** "5 minutes" as a flag takes it: 5m. */
const asGiven = (value: string): string => value.replace(/ ([a-z])[a-z]*$/, '$1');

const pages = (await markdownFiles()).map(({ path, prose }) => ({ path, prose: prose.replaceAll(/\s+/g, ' ') }));

test('a default that a page gives beside a flag is the one of the flag', () => {
  const defaults = new Map(entries.map(([, flag]) => [flag.name, String(flag.default)]));
  const given = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(GIVEN)].map(([, flag = '', value = '']) => ({ path, flag, value: asGiven(value) })),
  );
  assert.ok(given.length > 10);
  const same = (a: string, b: string): boolean => a === b || (parseDuration(a) ?? a) === parseDuration(b);
  assert.deepEqual(
    given.filter(({ flag, value }) => !same(value, defaults.get(flag) ?? '')),
    [],
  );
});

test('docs/operations.md gives the intervals of polling', () => {
  const { prose = '' } = pages.find(({ path }) => path === 'docs/operations.md') ?? {};
  for (const flag of ['poll-min', 'poll-max']) {
    assert.match(prose, new RegExp(`\`--${flag}\` \\(\\d`), `docs/operations.md gives no default of --${flag}`);
  }
});
