import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder, findKubectl, findOrBuildBinaries } from '../../cluster/binaries.ts';
import { CONTROL_PLANE, partsOf } from '../../cluster/go-modules.ts';

/** A cache with programs of a control plane, in this folder of it, on a machine without Go. */
async function cacheWith(t: TestContext, folder: string): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'origin-test-'));
  const before = { ...process.env };
  t.after(async () => {
    Object.assign(process.env, before);
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    await rm(base, { recursive: true });
  });
  Object.assign(process.env, { XDG_CACHE_HOME: base, PATH: base });
  delete process.env.KUBEBUILDER_ASSETS;
  delete process.env.CONTROL_PLANE_BUILD;
  const target = join(cacheFolder(CONTROL_PLANE, process.env), folder);
  await mkdir(target, { recursive: true });
  for (const part of partsOf(CONTROL_PLANE)) await writeFile(join(target, part), '');
  return target;
}

async function find(options: { readonly build?: boolean } = {}) {
  const lines: string[] = [];
  const binaries = await findOrBuildBinaries({ ...options, log: (line) => lines.push(line) });
  return { binaries, said: lines.join('\n') };
}

test('programs that were downloaded before are used again, and one line says so', async (t) => {
  const downloads = await cacheWith(t, 'downloaded');
  const { binaries, said } = await find();
  assert.equal(binaries.etcd, join(downloads, 'etcd'));
  assert.equal(findKubectl(), join(downloads, 'kubectl'));
  assert.match(said, /^Control plane: Kubernetes v\d+\.\d+\.\d+, downloaded: .*kube-apiserver.*$/);
});

test('programs that were compiled before are used again, and one line says so', async (t) => {
  const compiled = await cacheWith(t, '');
  const { binaries, said } = await find();
  assert.equal(binaries.etcd, join(compiled, 'etcd'));
  assert.match(said, /^Control plane: Kubernetes v\d+\.\d+\.\d+, compiled$/);
});

test('programs that were downloaded are not used where they are to be compiled, by flag or environment', async (t) => {
  await cacheWith(t, 'downloaded');
  await assert.rejects(find({ build: true }), { message: /There is no Go/ });
  process.env.CONTROL_PLANE_BUILD = '1';
  await assert.rejects(find(), { message: /There is no Go/ });
});
