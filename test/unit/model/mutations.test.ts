import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { patched } from '../../model/mutate.ts';
import { MUTATIONS } from '../../model/mutations.ts';
import { ROTATION_MUTATIONS } from '../../model/rotation-mutations.ts';
import { UNIT_MUTATIONS } from '../../model/unit-mutations.ts';

const ALL = [...MUTATIONS, ...ROTATION_MUTATIONS, ...UNIT_MUTATIONS];

for (const { guard, broken, patches } of ALL) {
  test(`the guard "${guard}" can still be broken: ${broken}`, async () => {
    await patched(patches);
  });
}

test('no guard is broken by a name that is not there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [index, { patches }] of ALL.entries()) {
    for (const [file, text] of await patched(patches)) {
      const path = join(folder, String(index), file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));
  const lint = [biome, 'lint', '--only=correctness/noUndeclaredVariables', '.'];
  await promisify(execFile)(process.execPath, lint, { cwd: folder });
});

test('docs/guards.md has a row for each guard and way to break it, and no others', async () => {
  const page = await readFile(new URL('../../../docs/guards.md', import.meta.url), 'utf8');
  const [, guards = ''] = page.split('\n## The guards\n');
  const [tables = ''] = guards.split('\n## ');
  const rows = tables.matchAll(/^\| (?!guard \||-)(.+?) \| (.+?) \|/gm);
  const shown = [...rows].map(([, guard, broken]) => `${guard}: ${broken}`);
  assert.deepEqual(shown.toSorted(), ALL.map(({ guard, broken }) => `${guard}: ${broken}`).toSorted());
});
