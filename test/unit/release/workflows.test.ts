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

const texts = await Promise.all((await readdir(FOLDER)).map((name) => readFile(new URL(name, FOLDER), 'utf8')));
const workflows: readonly Workflow[] = texts.map((text) => parse(text));

test('every action of others is pinned by a commit, with the tag that it was', () => {
  const uses = texts.flatMap((text) => [...text.matchAll(/uses: (.*)/g)].map(([, name = '']) => name));
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
