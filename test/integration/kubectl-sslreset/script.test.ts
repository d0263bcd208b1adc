import assert from 'node:assert/strict';
import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { PluginRun } from '../../support/kubectl-plugin.ts';
import { temporaryFolder } from '../../support/kubernetes/kubeconfigs.ts';
import { DIST } from '../../support/operator/program.ts';

const SCRIPT = join(DIST, 'kubectl-sslreset');

test('the plugin runs from a folder of any type of module', async (t) => {
  for (const type of ['commonjs', 'module']) {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type }));
    await copyFile(SCRIPT, join(folder, 'kubectl-sslreset'));
    const run = new PluginRun([process.execPath, join(folder, 'kubectl-sslreset'), '--version'], process.env);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  }
});

test('the plugin says that it needs kubectl where there is none', async () => {
  const run = new PluginRun([process.execPath, SCRIPT, 'status'], { PATH: '/nonexistent' });
  const { code, stderr } = await run.ended;
  assert.equal(code, 1);
  assert.equal(stderr, 'error: kubectl is not on the PATH; it is called for every access to the cluster\n');
});

test('the plugin says what to do where the operator of the cluster is too old for it', async (t) => {
  const folder = await temporaryFolder(t);
  const complaint = 'error: the server doesn\'t have a resource type "cloudsqlservercas"';
  await writeFile(join(folder, 'kubectl'), `#!/bin/sh\necho '${complaint.replace("'", "'\\''")}' >&2\nexit 1\n`);
  await chmod(join(folder, 'kubectl'), 0o755);
  for (const args of [['status'], ['status', '-o', 'json'], ['wait'], ['retry', 'db']]) {
    const run = new PluginRun([process.execPath, SCRIPT, ...args], { PATH: `${folder}:/usr/bin:/bin` });
    const { code, stderr } = await run.ended;
    assert.equal(code, 2, args.join(' '));
    const words =
      'The cluster does not know cloudsqlservercas: install the release of the plugin that its operator is of';
    assert.equal(stderr, `${complaint}\nerror: ${words}\n`);
  }
});

test('the plugin shows its help and ends with 2 where no command is named', async () => {
  const { code, stderr } = await new PluginRun([process.execPath, SCRIPT], process.env).ended;
  assert.equal(code, 2);
  assert.match(stderr, /^Usage: kubectl sslreset /);
});
