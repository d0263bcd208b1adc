import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MUTATIONS } from '../../model/mutations.ts';
import { ROTATION_MUTATIONS } from '../../model/rotation-mutations.ts';
import { UNIT_MUTATIONS } from '../../model/unit-mutations.ts';

const ALL = [...MUTATIONS, ...ROTATION_MUTATIONS, ...UNIT_MUTATIONS];

for (const { guard, broken, patches } of ALL) {
  test(`the guard "${guard}" can still be broken: ${broken}`, async () => {
    for (const { file, find } of patches) {
      const source = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
      assert.equal(source.split(find).length, 2, `${JSON.stringify(find)} must occur once in ${file}`);
    }
  });
}

test('docs/guards.md has a row for each guard and way to break it, and no others', async () => {
  const page = await readFile(new URL('../../../docs/guards.md', import.meta.url), 'utf8');
  const [, guards = ''] = page.split('\n## The guards\n');
  const [tables = ''] = guards.split('\n## ');
  const rows = tables.matchAll(/^\| (?!guard \||-)(.+?) \| (.+?) \|/gm);
  const shown = [...rows].map(([, guard, broken]) => `${guard}: ${broken}`);
  assert.deepEqual(shown.toSorted(), ALL.map(({ guard, broken }) => `${guard}: ${broken}`).toSorted());
});
