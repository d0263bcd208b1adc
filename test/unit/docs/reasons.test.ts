import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { readReasons } from '../../../scripts/reasons.ts';
import { codeSpans, markdownFiles, ROOT } from '../../docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const STATUSES = ['True', 'False', 'Unknown'];
const ROWS: Readonly<Record<string, readonly string[]>> = {
  Ready: ['ReadyReason'],
  Reconciling: ['ProgressReason', 'WaitingReason'],
  Stalled: ['StalledReason'],
};
const names = async (): Promise<readonly string[]> => (await readReasons()).map(({ name }) => name);

describe('the reasons of conditions', () => {
  test('have one section each in the troubleshooting, which has no other', async () => {
    const sections = [...(await read('docs/troubleshooting.md')).matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(sections.toSorted(), (await names()).toSorted());
  });

  test('each reason of a whole request stands in the row of its condition in the table of the troubleshooting', async () => {
    const [, section = ''] = (await read('docs/troubleshooting.md')).split(/^## Conditions$/m);
    const [table = ''] = section.split(/^## /m);
    const inRow = (condition: string): readonly string[] => {
      const row = table.split('\n').find((line) => line.startsWith(`| \`${condition}\` |`)) ?? '';
      const [, ...spans] = [...row.matchAll(/`(\w+)`/g)].map(([, span = '']) => span);
      return spans.filter((span) => !STATUSES.includes(span)).toSorted();
    };
    const all = await readReasons();
    for (const [condition, unions] of Object.entries(ROWS)) {
      const reasons = all.filter(({ union }) => unions.includes(union)).map(({ name }) => name);
      assert.ok(reasons.length > 3, condition);
      assert.deepEqual(inRow(condition), reasons.toSorted(), condition);
    }
  });

  test('are none but these where a page writes Stalled/ or Reconciling/ before one', async () => {
    const known = new Set(await names());
    const written = (await markdownFiles()).flatMap(codeSpans).flatMap((code) => {
      const name = /^(?:Stalled|Reconciling)\/(\w+)$/.exec(code)?.[1];
      return name === undefined ? [] : [name];
    });
    assert.ok(written.length > 3);
    assert.deepEqual(
      written.filter((name) => !known.has(name)),
      [],
    );
  });
});
