import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

const PAGES = {
  'argo-cd': ['github.com/argoproj/argo-cd/v3'],
  flux: ['github.com/fluxcd/kustomize-controller', 'github.com/fluxcd/source-controller'],
} as const;

for (const [name, modules] of Object.entries(PAGES))
  test(`docs/gitops/${name}.md names the versions that its tests run`, async () => {
    const page = await read(`docs/gitops/${name}.md`);
    const pins = await read(`test/cluster/go/${name}/go.mod`);
    for (const module of modules) {
      const [, version] = new RegExp(`${module} v(\\S+)`).exec(pins) ?? [];
      assert.match(page.split('##')[0] ?? '', new RegExp(`\\s${version?.replaceAll('.', '\\.')}[,\\s]`), module);
    }
  });
