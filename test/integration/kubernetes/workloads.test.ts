import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AppsV1Api, CustomObjectsApi, type V1Deployment } from '@kubernetes/client-node';
import { isKubernetesError } from '../../../src/domain/errors.ts';
import { workloadKinds } from '../../../src/domain/trust/workload-kinds.ts';
import { createWorkloads } from '../../../src/kubernetes/workloads.ts';
import { objectAt, textsAt } from '../../../src/lib/json.ts';
import { installRolloutCrd } from '../../support/kubernetes/rollout-crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { present, testClient } from '../../support/kubernetes/test-client.ts';
import { paused, workload } from '../../support/operator/kinds.ts';
import { PATIENCE } from '../../support/patience.ts';

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
      PATIENCE,
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
    refersTo: ['ConfigMap/ca-bundle', 'Secret/credentials'],
    takesOnce: ['Secret/credentials'],
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
  const listed = await workloads.list(namespace, { kinds: ['Deployment'], by: 'Namespace', isWanted: () => true });
  assert.equal(requests() - before, 3, 'pages of two');
  assert.deepEqual(
    listed.map(({ name }) => name),
    names,
  );
});

test('of a namespace only the workloads that are wanted are in the list, from whatever page', async (t) => {
  const { namespace, create, workloads, requests } = await prepared(t);
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
  const before = requests();
  const isWanted = ({ name }: { readonly name: string }) => ['b', 'e'].includes(name);
  const listed = await workloads.list(namespace, { kinds: ['Deployment'], by: 'Namespace', isWanted });
  assert.equal(requests() - before, 3, 'pages of two');
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['b', 'e'],
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

test('the field manager of the pod template is the one that set fields of it last, also after the operator wrote; taking fields away leaves no trace', async (t) => {
  const { apps, namespace, settled, read, workloads, ref } = await prepared(t);
  await apps.createNamespacedDeployment({ namespace, body: deployment('web'), fieldManager: 'creator' });
  await settled();
  await workloads.annotateTemplate(present(await workloads.get(ref)), { [KEY]: 'v1' });
  const managerOf = async () => present(await workloads.get(ref)).templateManager;
  assert.equal(await managerOf(), 'creator');
  const putBack = async (annotations: Readonly<Record<string, string>>) => {
    const { resourceVersion: _version, ...metadata } = present((await read()).metadata);
    const { spec } = deployment('web');
    const { template } = present(spec);
    const body = {
      metadata,
      spec: { ...present(spec), template: { ...template, metadata: { ...template.metadata, annotations } } },
    };
    await apps.replaceNamespacedDeployment({ name: 'web', namespace, body, fieldManager: 'a-loop' });
  };
  await putBack({ 'example.com/note': 'kept' });
  assert.equal(await managerOf(), 'creator');
  await putBack({ [KEY]: 'v0' });
  assert.equal(await managerOf(), 'a-loop');
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

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const plurals = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  Rollout: 'rollouts',
};

for (const kind of workloadKinds) {
  /** Its pods start nowhere, so that nobody but the test writes it once its controller has seen it. */
  const idle = {
    spec: { ...paused(kind).spec, ...(kind !== 'DaemonSet' && { replicas: 0 }) },
    pod: { nodeSelector: { 'example.com/none': 'x' } },
  };
  const created = async (t: TestContext) => {
    const { client, namespace, workloads } = await prepared(t);
    await installRolloutCrd(await sharedCluster());
    const custom = client.api(CustomObjectsApi);
    const group = kind === 'Rollout' ? 'argoproj.io' : 'apps';
    const version = kind === 'Rollout' ? 'v1alpha1' : 'v1';
    const resource = { group, version, namespace, plural: plurals[kind] };
    await custom.createNamespacedCustomObject({ ...resource, body: workload(kind, 'web', idle) });
    const read = async (): Promise<unknown> => custom.getNamespacedCustomObject({ ...resource, name: 'web' });
    return { workloads, namespace, read, ref: { kind, namespace, name: 'web' } as const };
  };
  /** Without what every write changes, also the count of templates that a DaemonSet has for old clients, and the status. */
  const rest = (object: unknown) => {
    const all = objectAt(object, 'metadata');
    const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...metadata } = all;
    const { [TEMPLATE_GENERATION]: _count, ...annotations } = textsAt(all, 'annotations');
    return { metadata: { ...metadata, annotations }, spec: objectAt(object, 'spec') };
  };

  test(`a ${kind} is found by its name and in lists of its kind, alike`, async (t) => {
    const { workloads, namespace, ref } = await created(t);
    const list = (kinds: readonly (typeof kind)[]) =>
      workloads.list(namespace, { kinds, by: 'Namespace', isWanted: () => true });
    const names = async (kinds: readonly (typeof kind)[]) =>
      (await list(kinds)).map((one) => `${one.kind} ${one.name}`);
    assert.deepEqual(await names([kind]), [`${kind} web`]);
    assert.deepEqual(await names(workloadKinds.filter((other) => other !== kind)), []);
    const found = present(await workloads.get(ref));
    assert.deepEqual([found.podSelector, found.paused], ['app=web', 'spec' in paused(kind)]);
  });

  test(`of a ${kind} only the one annotation is changed, and by a dry run nothing`, async (t) => {
    const { workloads, read, ref } = await created(t);
    const before = rest(await read());
    const annotate = async (value: string, dryRun: boolean) => {
      for (;;) {
        const found = present(await workloads.get(ref));
        const answer = await workloads.annotateTemplate(found, { [KEY]: value }, { dryRun }).catch((error: unknown) => {
          // Its controller may write its status in between.
          if (!isKubernetesError(error, 'Conflict')) throw error;
        });
        if (answer !== undefined) return answer.templateAnnotations;
      }
    };
    assert.deepEqual(await annotate('tried', true), { [KEY]: 'tried' });
    assert.deepEqual(rest(await read()), before);
    assert.deepEqual(await annotate('v1', false), { [KEY]: 'v1' });
    const after = rest(await read());
    const { annotations, ...metadata } = objectAt(objectAt(after.spec, 'template'), 'metadata');
    assert.deepEqual(annotations, { [KEY]: 'v1' });
    const template = { ...objectAt(after.spec, 'template'), metadata };
    assert.deepEqual({ ...after, spec: { ...after.spec, template } }, before);
  });
}
