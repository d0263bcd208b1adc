import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build, type Plugin } from 'esbuild';
import { http2, promClient } from '../../../scripts/bundle/left-out.ts';
import { modelsInUse } from '../../../scripts/bundle/models-in-use.ts';
import { noSideEffects } from '../../../scripts/bundle/no-side-effects.ts';
import { partOfUndici } from '../../../scripts/bundle/part-of-undici.ts';

/** Builds a program of this text with one plugin, in a folder with these files alone. */
async function bundle(
  t: TestContext,
  plugin: Plugin,
  contents: string,
  files: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const stdin = { contents, resolveDir: folder };
  return build({ absWorkingDir: folder, stdin, bundle: true, plugins: [plugin], write: false, logLevel: 'silent' });
}

const says = (plugin: Plugin, library: string): RegExp =>
  new RegExp(
    `${plugin.name} does not fit the ${library} that is installed. Compare scripts/bundle/${plugin.name}\\.ts .*\\n.*` +
      `take ${plugin.name} out of the plugins`,
  );

for (const [plugin, library] of [
  [promClient, 'prom-client'],
  [http2, 'undici'],
  [partOfUndici, 'undici'],
  [modelsInUse, '@kubernetes/client-node'],
  [noSideEffects, '@kubernetes/client-node'],
] as const) {
  test(`the build says what to do where ${plugin.name} finds nothing in ${library} any more`, async (t) => {
    await assert.rejects(bundle(t, plugin, ''), says(plugin, library));
  });
}

test('the build says what to do where a file of undici has moved', async (t) => {
  await assert.rejects(
    bundle(t, partOfUndici, "import { Agent } from 'undici'; new Agent();"),
    says(partOfUndici, 'undici'),
  );
});

test('the build says what to do where a model of client-node has another name', async (t) => {
  const path = 'node_modules/@kubernetes/client-node/dist/gen/models/ObjectSerializer.js';
  const bundled = bundle(t, modelsInUse, `import './${path}';`, { [path]: "export * from '../models/V2Secret.js';\n" });
  await assert.rejects(bundled, says(modelsInUse, '@kubernetes/client-node'));
});

test('the build blames no plugin for an error of the program', async (t) => {
  await assert.rejects(bundle(t, noSideEffects, "import './not-there.js';"), (error: unknown) => {
    assert.match(String(error), /not-there/);
    assert.doesNotMatch(String(error), /does not fit/);
    return true;
  });
});
