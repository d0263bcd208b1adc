import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder, findKubectl, findOrBuildBinaries } from '../../cluster/binaries.ts';
import { CONTROL_PLANE, partsOf } from '../../cluster/go-modules.ts';
import { PLATFORM } from '../../cluster/releases.ts';

/** An empty cache, on a machine without Go. */
async function emptyCache(t: TestContext): Promise<string> {
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
  return base;
}

/** A cache with programs of a control plane, in this folder of it. */
async function cacheWith(t: TestContext, folder: string): Promise<string> {
  await emptyCache(t);
  const target = join(cacheFolder(CONTROL_PLANE, process.env), folder);
  await mkdir(target, { recursive: true });
  for (const part of partsOf(CONTROL_PLANE)) await writeFile(join(target, part), '');
  return target;
}

/** Answers with the hosts that are asked for; a proxy that lets nobody through. */
async function proxied(t: TestContext): Promise<readonly string[]> {
  const hosts: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    hosts.push(url.replace(/:443$/, ''));
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  Object.assign(process.env, { https_proxy: `http://127.0.0.1:${port}`, no_proxy: '' });
  return hosts;
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

test('the releases are asked for where nothing is there yet, unless programs are to be compiled', async (t) => {
  const folder = await emptyCache(t);
  await writeFile(join(folder, 'tar'), '#!/bin/sh\nwhile read -r _; do :; done\n', { mode: 0o755 });
  const asked = await proxied(t);
  await assert.rejects(find({ build: true }), { message: /There is no Go/ });
  assert.deepEqual(asked, []);
  await assert.rejects(find(), { message: /There is no Go/ });
  const releases = CONTROL_PLANE.releases?.(PLATFORM) ?? [];
  assert.deepEqual(asked.toSorted(), releases.map(({ url }) => new URL(url).host).sort());
});
