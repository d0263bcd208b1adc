import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { all, entrypoint, named, shipped, stages } from '../../support/docs/dockerfile.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

test('the image has no shell and none is needed: distroless, nothing run in it, a program as entry point', () => {
  assert.deepEqual(all(stages.at(-1) ?? [], 'FROM'), ['base']);
  assert.match(all(named('base'), 'FROM')[0] ?? '', /^gcr\.io\/distroless\/nodejs24-debian13:nonroot AS base$/);
  assert.deepEqual([...all(shipped, 'RUN'), ...all(shipped, 'SHELL'), ...all(shipped, 'CMD')], []);
  assert.equal(entrypoint()[0], '/nodejs/bin/node');
});

test('the user of the image is a number that is not root, as runAsNonRoot demands', () => {
  assert.match(all(shipped, 'USER').at(-1) ?? '', /^[1-9]\d*:[1-9]\d*$/);
});

test('the compiled code is made by the very Node and with the flags of the later starts; only the seed is set', () => {
  const [node, ...rest] = entrypoint();
  const flags = rest.filter((word) => word.startsWith('--'));
  assert.deepEqual(JSON.parse(all(named('warm'), 'RUN')[0] ?? '[]'), [node, '--random-seed=1', ...flags, 'warm.js']);
  assert.match(all(named('warm'), 'FROM')[0] ?? '', /^base /);
});

test('nothing is built with another major version of Node than the image runs', async () => {
  const { engines }: { readonly engines: { readonly node: string } } = JSON.parse(await read('package.json'));
  assert.equal(engines.node, '>=24');
  assert.match(all(named('build'), 'FROM')[0] ?? '', / node:24-/);
  assert.match(await read('scripts/build.ts'), /target: 'node24'/);
});

test('what the build copies is let in by .dockerignore', async () => {
  const allowed = (await read('.dockerignore'))
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = all(named('build'), 'COPY').flatMap((rest) => rest.split(' ').slice(0, -1));
  assert.deepEqual(copied.toSorted(), allowed.toSorted());
});

test('labels say what it is, of which version and revision, from where, when and under which license', () => {
  const [labels = ''] = all(shipped, 'LABEL');
  for (const key of ['title', 'description', 'licenses', 'version', 'revision', 'created', 'source']) {
    assert.match(labels, new RegExp(`org\\.opencontainers\\.image\\.${key}="[^"]+"`));
  }
});
