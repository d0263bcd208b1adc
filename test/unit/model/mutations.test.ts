import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MUTATIONS } from '../../model/mutations.ts';
import { ROTATION_MUTATIONS } from '../../model/rotation-mutations.ts';
import { UNIT_MUTATIONS } from '../../model/unit-mutations.ts';

for (const { guard, broken, patches } of [...MUTATIONS, ...ROTATION_MUTATIONS, ...UNIT_MUTATIONS]) {
  test(`the guard "${guard}" can still be broken: ${broken}`, async () => {
    for (const { file, find } of patches) {
      const source = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
      assert.equal(source.split(find).length, 2, `${JSON.stringify(find)} must occur once in ${file}`);
    }
  });
}
