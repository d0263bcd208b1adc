import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { objectAt } from '../../src/lib/json.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { afterwards } from '../support/afterwards.ts';
import { CHART, helm, RELEASE } from '../support/helm.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { PATIENCE, PATIENCE_MS } from '../support/patience.ts';
import { documents, KUBECONFORM, MONITORING_CRDS, ofKind, valueFiles } from './helm.ts';
import { schemaLocation, writeSchemas } from './schemas.ts';

const run = promisify(execFile);
const MANIFESTS = fileURLToPath(new URL('../../scripts/build-manifests.ts', import.meta.url));
const MONITORS = ['podmonitors', 'servicemonitors', 'prometheusrules'];

let crds: Promise<unknown> | undefined;

/** A cluster that knows all kinds of the chart, and a namespace of it that enforces Pod Security "restricted". */
async function prepared(t: TestContext): Promise<{ readonly cluster: Cluster; readonly namespace: string }> {
  const cluster = await sharedCluster();
  crds ??= Promise.all([installCrd(cluster), installMonitoringCrds(cluster)]);
  await crds;
  const namespace = await testNamespace(t, cluster);
  await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  return { cluster, namespace };
}

/** Resolves when the API server explains their fields, so that it has published their schemas. */
async function installMonitoringCrds({ kubectl }: Cluster): Promise<void> {
  const all = parseAllDocuments(await readFile(MONITORING_CRDS, 'utf8')).map((each): unknown => each.toJS());
  const items = all.filter((crd) => MONITORS.includes(String(objectAt(objectAt(crd, 'spec'), 'names').plural)));
  assert.equal(items.length, MONITORS.length);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (const name of MONITORS) {
    const isExplained = (): Promise<boolean> =>
      kubectl(['explain', `${name}.monitoring.coreos.com`]).then(
        (text) => text.includes('spec'),
        () => false,
      );
    // The API server publishes a schema some time after it serves the CRD, and does not say when.
    while (!(await isExplained())) await delay(100, undefined, { signal });
  }
}

const render = (namespace: string, file: string): Promise<string> =>
  helm(['template', RELEASE, CHART, `--namespace=${namespace}`, '--values', file]);

test('what the chart renders fits the schemas of the API server, in every field', async (t) => {
  const { cluster, namespace } = await prepared(t);
  const folder = await temporaryFolder(t);
  await writeSchemas(JSON.parse(await cluster.kubectl(['get', '--raw', '/openapi/v2'])), folder);
  const check = async (text: string): Promise<string> => {
    const args = ['-strict', '-summary', '-verbose', '-schema-location', schemaLocation(folder)];
    const running = run(KUBECONFORM, args);
    running.child.stdin?.end(text);
    return (await running).stdout;
  };
  const texts = await Promise.all(valueFiles.map((file) => render(namespace, file)));
  const count = texts.flatMap(documents).length;
  // All at once: most of the time goes into reading the schemas.
  assert.match(await check(texts.join('\n---\n')), RegExp(`Valid: ${count}, Invalid: 0, Errors: 0, Skipped: 0`));
  const [deployment] = ofKind(documents(texts.join('\n---\n')), 'Deployment');
  const misspelt = JSON.stringify(deployment?.object).replace('"replicas":', '"replica":');
  await assert.rejects(check(misspelt), { stdout: /additional properties 'replica' not allowed/ });
});

for (const file of valueFiles) {
  test(`the API server admits all that ${basename(file)} makes, and its pods under "restricted"`, async (t) => {
    const { cluster, namespace } = await prepared(t);
    const text = await render(namespace, file);
    const apply = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'];
    await cluster.kubectl(apply, text);
    const pod = JSON.stringify(podOf(text));
    await cluster.kubectl(['create', '--dry-run=server', `--namespace=${namespace}`, '-f', '-'], pod);
    const privileged = pod.replace('"allowPrivilegeEscalation":false', '"allowPrivilegeEscalation":true');
    await assert.rejects(
      cluster.kubectl(['create', '--dry-run=server', `--namespace=${namespace}`, '-f', '-'], privileged),
      /violates PodSecurity "restricted/,
    );
  });
}

/** A pod as the Deployment makes it, under the one account that is there while nothing is applied. */
function podOf(text: string): object {
  const [deployment] = ofKind(documents(text), 'Deployment');
  const { metadata, spec } = objectAt(objectAt(deployment?.object, 'spec'), 'template');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...objectAt({ metadata }, 'metadata'), name: 'operator' },
    spec: { ...objectAt({ spec }, 'spec'), serviceAccountName: 'default' },
  };
}

test('the plain YAML has no word of Helm, is applied as it is, and its pods run', async (t) => {
  const { cluster } = await prepared(t);
  const file = join(await temporaryFolder(t), 'install.yaml');
  await run(process.execPath, [MANIFESTS, '--output', file, '--image', 'registry.example:5000/a/operator:1.2.3']);
  const text = await readFile(file, 'utf8');
  assert.doesNotMatch(text, /helm/i);
  assert.match(text, /image: "registry\.example:5000\/a\/operator:1\.2\.3"/);
  // The CRD stays: other tests use it.
  const objects = documents(text).filter(({ kind }) => kind !== 'CustomResourceDefinition');
  const rest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(({ object }) => object) });
  afterwards(t, () => cluster.kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], rest));
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', file]);
  const deployment = ['deployment/cloudsql-ssl-operator', '--namespace=cloudsql-ssl-operator'];
  await cluster.kubectl(['rollout', 'status', ...deployment, PATIENCE]);
});
