import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);

/** They go on with a sentence that a line above has begun, which a log of failures does not show. */
const WITHOUT_SUBJECT = new Set(
  [
    'it its they their and but nor not also that whose',
    'is are was were has have do does did can cannot may never',
    'adopts annotates asks begins breaks brings comes counts deletes demands ends fails finds fits follows gets gives goes',
    'holds keeps knows leaves lets loses names needs passes pauses publishes reads renews replaces resets rolls says sends',
    'shows skips stalls starts stays takes tells waits wakes works writes',
  ].flatMap((words) => words.split(' ')),
);

const NAME = /^ *(?:await )?(?:t\.)?(?:test|it)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gms;

test('the name of each test has its subject, and is understood alone in a log', async () => {
  const names: string[] = [];
  for await (const file of glob('test/**/*.test.ts', { cwd: ROOT })) {
    const source = await readFile(new URL(file, ROOT), 'utf8');
    names.push(...Array.from(source.matchAll(NAME), ([, , name = '']) => name));
  }
  assert.ok(names.length > 1_000, `only ${names.length} names were found`);
  const firstWord = (name: string): string => name.split(' ')[0] ?? '';
  assert.deepEqual(
    names.filter((name) => WITHOUT_SUBJECT.has(firstWord(name))),
    [],
  );
});
