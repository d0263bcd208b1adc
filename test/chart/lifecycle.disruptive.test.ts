import assert from 'node:assert/strict';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../cluster/cluster.ts';
import { afterwards } from '../support/afterwards.ts';
import { CHART, helm, RELEASE } from '../support/helm.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { reset } from '../support/operator/fixture.ts';
import { PATIENCE, PATIENCE_MS } from '../support/patience.ts';

const CRD = 'customresourcedefinition/cloudsqlsslresets.cloudsql-ssl.dev';
const OTHER_CRD = 'customresourcedefinition/cloudsqlservercas.cloudsql-ssl.dev';
const DEPLOYMENT = 'deployment/ssl-cloudsql-ssl-operator';
const LEFT_OVER = 'a column that a later version has no more';
const CRDS = fileURLToPath(new URL('../../crds/', import.meta.url));

interface Prepared {
  readonly kubectl: Cluster['kubectl'];
  /** Runs Helm in the namespace of the release, and waits for what it made. */
  helm(command: string, ...args: readonly string[]): Promise<string>;
  /** An object of the users, and what the API server calls it as long as it is the same one. */
  uidOfReset(): Promise<string>;
  createReset(): Promise<string>;
  /** What of the release is left, but for the CRD. */
  leftovers(): Promise<string>;
}

/** A cluster without the CRD, a namespace for the release that enforces "restricted", and one for users. */
async function prepared(t: TestContext): Promise<Prepared> {
  const { kubectl, kubeconfigPath, ...cluster } = await sharedCluster();
  const shared = { kubectl, kubeconfigPath, ...cluster };
  await kubectl(['delete', CRD, OTHER_CRD, '--ignore-not-found', PATIENCE]);
  const ops = await testNamespace(t, shared);
  const users = await testNamespace(t, shared);
  await kubectl(['label', 'namespace', ops, 'pod-security.kubernetes.io/enforce=restricted']);
  const run = (...args: readonly string[]): Promise<string> => helm([...args, `--namespace=${ops}`], kubeconfigPath);
  const wait = ['--wait', PATIENCE];
  afterwards(t, () => run('uninstall', RELEASE, '--ignore-not-found', ...wait));
  const uidOfReset = (): Promise<string> =>
    kubectl(['get', 'cloudsqlsslreset', 'db', `--namespace=${users}`, '--output=jsonpath={.metadata.uid}']);
  return {
    kubectl: (args, stdin) =>
      kubectl(
        args.map((arg) => arg.replace('@ops', ops).replace('@users', users)),
        stdin,
      ),
    helm: (command, ...args) => run(command, RELEASE, ...args, ...wait),
    uidOfReset,
    async createReset() {
      await kubectl(['create', '-f', '-', `--namespace=${users}`], JSON.stringify(reset()));
      return uidOfReset();
    },
    async leftovers() {
      const kinds = 'all,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,poddisruptionbudgets';
      const ofRelease = '--selector=app.kubernetes.io/instance=ssl';
      // Pods go after the Deployment that they belong to.
      await kubectl(['wait', '--for=delete', 'pods', ofRelease, `--namespace=${ops}`, PATIENCE]);
      return kubectl(['get', kinds, ofRelease, `--namespace=${ops}`, '--output=name']);
    },
  };
}

/** The chart as an earlier version had it, with another CRD. */
async function earlierChart(t: TestContext): Promise<string> {
  const folder = join(await temporaryFolder(t), 'cloudsql-ssl-operator');
  await cp(CHART, folder, { recursive: true });
  const name = (await readdir(CRDS)).find((file) => file.includes('cloudsqlsslresets')) ?? '';
  const text = await readFile(join(CRDS, name), 'utf8');
  const earlier = text.replace('{ name: Instance,', `{ name: ${LEFT_OVER},`);
  assert.notEqual(earlier, text);
  await writeFile(join(folder, 'files', 'crds', name), earlier);
  const chart = await readFile(join(folder, 'Chart.yaml'), 'utf8');
  await writeFile(join(folder, 'Chart.yaml'), chart.replace(/^version: .*/m, 'version: 0.0.1'));
  return folder;
}

test('an upgrade replaces the CRD, and what users made outlives it, the uninstall and the next install', async (t) => {
  const { kubectl, helm, createReset, uidOfReset, leftovers } = await prepared(t);
  await helm('install', await earlierChart(t));
  assert.match(await kubectl(['get', CRD, '--output=yaml']), RegExp(LEFT_OVER));
  const uid = await createReset();

  await helm('upgrade', CHART, '--set=replicas=3');
  assert.doesNotMatch(await kubectl(['get', CRD, '--output=yaml']), RegExp(LEFT_OVER));
  const replicas = ['get', DEPLOYMENT, '--namespace=@ops', '--output=jsonpath={.status.readyReplicas}'];
  assert.equal(await kubectl(replicas), '3');
  assert.equal(await uidOfReset(), uid);

  await helm('uninstall');
  assert.equal(await leftovers(), '');
  assert.equal(await uidOfReset(), uid);

  await helm('install', CHART);
  assert.equal(await uidOfReset(), uid);

  await helm('upgrade', CHART, '--set=crds.keep=false');
  await helm('uninstall');
  assert.equal(await kubectl(['get', CRD, '--ignore-not-found']), '');
});

test('a CRD that was there before is taken over only when one says so', async (t) => {
  const { kubectl, helm, createReset, uidOfReset } = await prepared(t);
  await installCrd({ kubectl });
  const uid = await createReset();
  await assert.rejects(helm('install', CHART), /invalid ownership metadata/);
  await helm('install', CHART, '--take-ownership', '--force-conflicts');
  assert.equal(await uidOfReset(), uid);
});

test('the built-in roles read and write the objects of users, and nobody’s status', async (t) => {
  const { kubectl, helm } = await prepared(t);
  await helm('install', CHART);
  for (const role of ['view', 'edit', 'admin'])
    await kubectl([
      'create',
      'rolebinding',
      role,
      `--clusterrole=${role}`,
      `--user=${role}-user`,
      '--namespace=@users',
    ]);
  const may = (role: string, verb: string, subresource = ''): Promise<boolean> => {
    const what = [
      'cloudsqlsslresets.cloudsql-ssl.dev',
      ...(subresource === '' ? [] : [`--subresource=${subresource}`]),
    ];
    return kubectl(['auth', 'can-i', verb, ...what, `--as=${role}-user`, '--namespace=@users']).then(
      () => true,
      () => false,
    );
  };
  // The roles are aggregated some time after the chart made its own, and nobody is told when.
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!(await may('admin', 'create'))) signal.throwIfAborted();
  assert.deepEqual([await may('view', 'get'), await may('view', 'create')], [true, false]);
  for (const role of ['edit', 'admin']) {
    assert.deepEqual(
      [await may(role, 'get'), await may(role, 'create'), await may(role, 'delete')],
      [true, true, true],
    );
    assert.equal(await may(role, 'update', 'status'), false);
  }
});
