import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { findKubectl, findOrBuildKrew } from '../cluster/binaries.ts';
import { logToStderr } from '../cluster/log.ts';
import { COMPLETE } from '../support/fakes/shown-objects.ts';
import { environmentOf, startPlugin } from '../support/kubectl-plugin.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { DIST } from '../support/operator/program.ts';

const run = promisify(execFile);

test('kubectl krew installs the plugin from the archive and the manifest of a release, and kubectl runs it', async (t) => {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const folder = await temporaryFolder(t);
  const root = join(folder, 'root');
  await symlink(await findOrBuildKrew({ log: logToStderr }), join(folder, 'kubectl-krew'));
  const env = {
    ...environmentOf(cluster.kubeconfigPath, `${folder}:${join(root, 'bin')}`),
    KREW_ROOT: root,
    KREW_NO_UPGRADE_CHECK: '1',
  };
  const text = await readFile(join(DIST, 'sslreset.yaml'), 'utf8');
  const { spec } = parse(text);
  // That of this platform, where there is one, is the first.
  const [{ uri, sha256, selector }] = spec.platforms;
  const archive = join(DIST, uri.split('/').at(-1));
  const krew = (manifest: string) =>
    run('kubectl', ['krew', 'install', `--manifest=${manifest}`, `--archive=${archive}`], { env });

  const damaged = join(folder, 'sslreset.yaml');
  await writeFile(damaged, text.replace(sha256, 'f'.repeat(64)));
  await assert.rejects(krew(damaged), /checksum/);

  await krew(join(DIST, 'sslreset.yaml'));
  // It comes with its own Node, and finds no other.
  const alone = { ...env, PATH: [join(root, 'bin'), dirname(findKubectl())].join(':') };
  const hasNode = selector.matchLabels !== undefined;
  const version = await startPlugin(['--version'], hasNode ? alone : env).ended;
  assert.deepEqual([version.code, `v${version.stdout.trim()}`], [0, spec.version], version.stderr);
  const status = await startPlugin(['status', '--all-namespaces'], hasNode ? alone : env).ended;
  assert.equal(status.code, 0, status.stderr);
  // Following takes more of Node than a look does.
  const namespace = await testNamespace(t, cluster);
  const kind = { apiVersion: 'cloudsql-ssl.dev/v1alpha1', kind: 'CloudSqlSslReset' };
  const object = {
    ...kind,
    metadata: { name: 'db', namespace },
    spec: { project: 'acme-prod', instance: 'orders-db' },
  };
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object));
  const patch = ['--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status: COMPLETE })}`];
  await cluster.kubectl(['patch', 'sslreset', 'db', `--namespace=${namespace}`, ...patch]);
  const waited = await startPlugin(['wait', `--namespace=${namespace}`], hasNode ? alone : env).ended;
  assert.equal(waited.code, 0, waited.stderr);
});
