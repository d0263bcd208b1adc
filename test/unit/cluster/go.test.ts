import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildParts } from '../../cluster/build.ts';
import { runGo } from '../../cluster/go.ts';
import { CONTROL_PLANE } from '../../cluster/go-modules.ts';

/** Puts nothing but this shell script, called go, on the PATH. */
async function withGo(t: TestContext, script: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'go-test-'));
  const path = process.env.PATH;
  t.after(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true });
  });
  if (script !== undefined) {
    await writeFile(join(folder, 'go'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'go'), 0o755);
  }
  process.env.PATH = folder;
  return folder;
}

test('without Go the error names every way out', async (t) => {
  const folder = await withGo(t, undefined);
  await assert.rejects(
    runGo({ args: ['version'], cwd: folder, title: 'etcd', log: () => undefined }),
    (error: Error) => {
      for (const wayOut of ['install Go', 'KUBEBUILDER_ASSETS', '--kubeconfig'])
        assert.match(error.message, RegExp(wayOut));
      return true;
    },
  );
});

test('a failed build is told with the last lines of go', async (t) => {
  const folder = await withGo(t, 'echo "no space left on device" >&2; exit 1');
  await assert.rejects(runGo({ args: ['build'], cwd: folder, title: 'etcd', log: () => undefined }), {
    message: /etcd[\s\S]*no space left on device/,
  });
});

test('a build that the network broke off goes on, and says so', async (t) => {
  const script =
    'if [ -e again ]; then echo made; else : >again; echo "go: m@v1.0.0: Get: read tcp: i/o timeout" >&2; exit 1; fi';
  const folder = await withGo(t, script);
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  assert.equal(await runGo({ args: ['build'], cwd: folder, title: 'etcd', log, pauseMs: 1 }), 'made\n');
  assert.match(lines.join('\n'), /etcd: the network broke off; once more in 0\.001 s.*i\/o timeout/s);
});

test('a build whose network stays away ends, and says so', async (t) => {
  const folder = await withGo(t, 'echo "dial tcp: lookup proxy: no such host" >&2; exit 1');
  const call = { args: ['build'], cwd: folder, title: 'etcd', log: () => undefined, pauseMs: 1 };
  await assert.rejects(runGo(call), { message: /etcd[\s\S]*no such host/ });
});

test('a build says what it does, and how much go has done', async (t) => {
  const script = 'echo "go: downloading example.org/m v1.0.0" >&2; echo example.org/m/a >&2; echo example.org/m/b >&2';
  const folder = await withGo(t, script);
  const lines: string[] = [];
  await runGo({ args: ['build'], cwd: folder, title: 'etcd', log: (line) => lines.push(line) });
  assert.match(lines.join('\n'), /etcd …\n.*etcd: done, 1 modules downloaded, 2 packages compiled, (\d+ min )?\d+ s$/s);
});

test('a build that fails leaves nothing in the cache', async (t) => {
  await withGo(t, 'exit 1');
  const target = await mkdtemp(join(tmpdir(), 'cache-test-'));
  t.after(() => rm(target, { recursive: true }));
  await assert.rejects(buildParts(CONTROL_PLANE, ['etcd'], target, () => undefined));
  assert.deepEqual(await readdir(target), []);
});
