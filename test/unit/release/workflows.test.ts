import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';

const FOLDER = new URL('../../../.github/workflows/', import.meta.url);

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const read = (name: string): Promise<string> => readFile(new URL(name, FOLDER), 'utf8');
const texts = await Promise.all((await readdir(FOLDER)).map(read));
const workflows: readonly Workflow[] = texts.map((text) => parse(text));
const actions = await Promise.all(
  (await readdir(new URL('../actions/', FOLDER))).map((name) => read(`../actions/${name}/action.yml`)),
);
const { scripts } = JSON.parse(await read('../../package.json'));

const scriptsIn = (text: string): readonly string[] =>
  [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);

test('every action of others is pinned by a commit, with the tag that it was', () => {
  const uses = [...texts, ...actions].flatMap((text) => [...text.matchAll(/uses: (.*)/g)].map(([, name = '']) => name));
  assert.ok(uses.length > 10);
  for (const name of uses) assert.match(name, /^\.\/|^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('no workflow may write by itself, and each job that may says what', () => {
  for (const { permissions = { unsaid: 'write' }, jobs } of workflows) {
    assert.ok(Object.values(permissions).every((right) => right === 'read'));
    for (const job of Object.values(jobs)) {
      const writes = Object.entries(job.permissions ?? {}).flatMap(([name, right]) =>
        right === 'write' ? [name] : [],
      );
      for (const name of writes) assert.match(name, /^(packages|id-token|attestations|contents)$/);
    }
  }
});

test('only what makes the release may write to the repository', () => {
  const writers = workflows.flatMap(({ jobs }) =>
    Object.entries(jobs).flatMap(([name, { permissions }]) => (permissions?.contents === 'write' ? [name] : [])),
  );
  assert.deepEqual(writers, ['release']);
});

test('the jobs of CI run together what npm test runs, so that none of it is left out', async () => {
  assert.deepEqual(scriptsIn(await read('ci.yml')), scriptsIn(scripts.test));
});

/** Needs a cluster that can be thrown away, with the image on its nodes: no workflow has one. */
const BY_HAND = 'test:node';

test('each suite that no pull request waits for runs nightly, but for the one by hand, and the audit with them', async () => {
  const suites = Object.keys(scripts).filter((name) => name.startsWith('test:') && name !== BY_HAND);
  const left = suites.filter((name) => !scriptsIn(scripts.test).includes(name));
  const nightly = new Set(scriptsIn(await read('nightly.yml')));
  assert.deepEqual([...nightly].toSorted(), [...left, 'audit', 'bench'].toSorted());
});
