import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AppsV1Api, type V1Deployment } from '@kubernetes/client-node';
import { createWorkloads } from '../../../src/kubernetes/workloads.ts';
import { sharedCluster, testNamespace } from '../support/cluster.ts';
import { present, testClient } from './fixtures.ts';

const KEY = 'tls.cloudsql-ssl.dev/0123456789abcdef';

/** Paused, so that nobody else writes it. */
const deployment = (name: string): V1Deployment => ({
  metadata: { name, labels: { tier: 'web' }, annotations: { 'example.com/owner': 'me' } },
  spec: {
    paused: true,
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { 'example.com/note': 'kept' } },
      spec: {
        containers: [{ name: 'c', image: 'example.com/app', envFrom: [{ secretRef: { name: 'credentials' } }] }],
        volumes: [{ name: 'ca', configMap: { name: 'ca-bundle' } }],
      },
    },
  },
});

async function prepared(t: TestContext) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  const client = testClient(t, cluster.kubeconfigPath, { onRequest });
  const apps = client.api(AppsV1Api);
  const create = (name: string) => apps.createNamespacedDeployment({ namespace, body: deployment(name) });
  const read = () => apps.readNamespacedDeployment({ namespace, name: 'web' });
  const settled = async (): Promise<void> => {
    await cluster.kubectl([
      'wait',
      '--for=jsonpath={.status.observedGeneration}=1',
      'deployment/web',
      `--namespace=${namespace}`,
      '--timeout=30s',
    ]);
  };
  const ref = { kind: 'Deployment', namespace, name: 'web' } as const;
  return {
    client,
    apps,
    namespace,
    create,
    read,
    settled,
    ref,
    workloads: createWorkloads(client, 2),
    requests: () => requests,
  };
}

/** All but what every write changes, and the status. */
function unchangeable({ metadata, spec }: V1Deployment): unknown {
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...rest } = metadata ?? {};
  return { metadata: rest, spec };
}

test('a Deployment is reduced to what the operator reads of it', async (t) => {
  const { create, workloads, ref } = await prepared(t);
  await create('web');
  const { uid, resourceVersion, status, ...rest } = present(await workloads.get(ref));
  assert.ok(uid && resourceVersion && status);
  assert.deepEqual(rest, {
    ...ref,
    labels: { tier: 'web' },
    annotations: { 'example.com/owner': 'me' },
    templateAnnotations: {},
    secrets: ['credentials'],
    configMaps: ['ca-bundle'],
    generation: 1,
    podSelector: 'app=web',
    strategy: { kind: 'Rolling', partition: 0 },
    paused: true,
    desiredReplicas: 2,
  });
});

test('a Deployment that is not there is undefined', async (t) => {
  const { workloads, ref } = await prepared(t);
  assert.equal(await workloads.get(ref), undefined);
});

test('a list is read page by page, and complete', async (t) => {
  const { namespace, create, workloads, requests } = await prepared(t);
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) await create(name);
  const before = requests();
  const listed = await workloads.list(namespace, { kinds: ['Deployment'], by: 'Namespace' });
  assert.equal(requests() - before, 3, 'pages of two');
  assert.deepEqual(
    listed.map(({ name }) => name),
    names,
  );
});

test('a list by selector holds what matches', async (t) => {
  const { namespace, create, workloads } = await prepared(t);
  await create('web');
  const count = async (selector: string): Promise<number> =>
    (await workloads.list(namespace, { kinds: ['Deployment'], by: 'Selector', selector })).length;
  assert.deepEqual([await count('tier=web'), await count('tier notin (web)')], [1, 0]);
});

test('only the one annotation of the pod template is changed', async (t) => {
  const { create, read, settled, workloads, ref } = await prepared(t);
  await create('web');
  await settled();
  const before = await read();
  const changed = await workloads.annotateTemplate(present(await workloads.get(ref)), { [KEY]: 'v1' });
  assert.deepEqual(changed.templateAnnotations, { [KEY]: 'v1' });
  // The one difference that is allowed.
  present(before.spec?.template.metadata?.annotations)[KEY] = 'v1';
  assert.deepEqual(unchangeable(await read()), unchangeable(before));
});

test('the annotation is written as the operator', async (t) => {
  const { create, read, settled, workloads, ref } = await prepared(t);
  await create('web');
  await settled();
  await workloads.annotateTemplate(present(await workloads.get(ref)), { [KEY]: 'v1' });
  const managers = ((await read()).metadata?.managedFields ?? []).map(({ manager }) => manager);
  assert.ok(managers.includes('cloudsql-ssl-operator'));
});

test('a dry run answers what would be, and stores nothing', async (t) => {
  const { create, read, settled, workloads, ref } = await prepared(t);
  await create('web');
  await settled();
  const before = await read();
  const workload = present(await workloads.get(ref));
  const tried = await workloads.annotateTemplate(workload, { [KEY]: 'v1' }, { dryRun: true });
  assert.deepEqual(tried.templateAnnotations, { [KEY]: 'v1' });
  assert.deepEqual(await read(), before);
});

test('an annotation under a stale resourceVersion conflicts', async (t) => {
  const { create, settled, workloads, ref } = await prepared(t);
  await create('web');
  await settled();
  const workload = present(await workloads.get(ref));
  await workloads.annotateTemplate(workload, { [KEY]: 'v1' });
  await assert.rejects(workloads.annotateTemplate(workload, { [KEY]: 'v2' }), { kind: 'Conflict' });
});

test('an annotation never lands on a recreated Deployment', async (t) => {
  const { apps, create, workloads, ref } = await prepared(t);
  await create('web');
  const workload = present(await workloads.get(ref));
  await apps.deleteNamespacedDeployment(ref);
  await assert.rejects(workloads.annotateTemplate(workload, { [KEY]: 'v1' }), { kind: 'NotFound' });
  await create('web');
  await assert.rejects(workloads.annotateTemplate(workload, { [KEY]: 'v1' }), { kind: 'Conflict' });
  assert.deepEqual(present(await workloads.get(ref)).templateAnnotations, {});
});
