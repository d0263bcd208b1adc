import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build, type Plugin } from 'esbuild';
import { callsInUse } from '../../../scripts/bundle/calls-in-use.ts';
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
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const stdin = { contents, resolveDir: folder };
  const options = { absWorkingDir: folder, stdin, bundle: true, write: false, logLevel: 'silent' } as const;
  const { outputFiles } = await build({ ...options, plugins: [plugin] });
  return outputFiles.map(({ text }) => text).join('');
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
  [callsInUse, '@kubernetes/client-node'],
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

test('a call of client-node is in the bundle where a file of ours names it, and only there', async (t) => {
  const path = 'node_modules/@kubernetes/client-node/dist/gen/types/ObjectParamAPI.js';
  const method = (name: string) => `    async ${name}(param) {\n        return 'called ${name}';\n    }\n`;
  const methods = ['constructor', 'readSecret', 'readSecretWithHttpInfo', 'readNode', 'readNodeWithHttpInfo'];
  const bundled = await bundle(t, callsInUse, `export { Api } from './${path}';`, {
    [path]: `export class Api {\n${methods.map(method).join('').replace('async constructor', 'constructor')}}\n`,
    'src/kubernetes/secrets.ts': 'export const read = (api) => api.readSecret({});\n',
  });
  const kept = methods.filter((name) => bundled.includes(`called ${name}`));
  assert.deepEqual(kept, ['constructor', 'readSecret', 'readSecretWithHttpInfo']);
});

test('the build blames no plugin for an error of the program', async (t) => {
  await assert.rejects(bundle(t, noSideEffects, "import './not-there.js';"), (error: unknown) => {
    assert.match(String(error), /not-there/);
    assert.doesNotMatch(String(error), /does not fit/);
    return true;
  });
});
