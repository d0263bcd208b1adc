import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { readReasons } from '../../../scripts/reasons.ts';
import { codeSpans, markdownFiles, ROOT } from '../../docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const names = async (): Promise<readonly string[]> => (await readReasons()).map(({ name }) => name);

describe('the reasons of conditions', () => {
  test('have one section each in the troubleshooting, which has no other', async () => {
    const sections = [...(await read('docs/troubleshooting.md')).matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(sections.toSorted(), (await names()).toSorted());
  });

  test('of a whole request are all in the README', async () => {
    const whole = (await readReasons()).filter(({ union }) => union !== 'StepReason');
    assert.ok(whole.length > 25);
    const text = await read('README.md');
    assert.deepEqual(
      whole.filter(({ name }) => !text.includes(`\`${name}\``)),
      [],
    );
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
