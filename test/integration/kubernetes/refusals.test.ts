import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createNamespaces } from '../../../src/kubernetes/namespaces.ts';
import { createPublishedObjects } from '../../../src/kubernetes/published-objects.ts';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { refusing } from '../../support/kubernetes/admission.ts';
import { kubeconfigImpersonating } from '../../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { testClient } from '../../support/kubernetes/test-client.ts';
import { toBytes } from '../../support/object-data.ts';

const OPTIONS = { mayWatch: true, forgottenMs: 60_000 };

async function prepared(t: TestContext, user?: string) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const { kubeconfigPath } = cluster;
  const kubeconfig = user === undefined ? kubeconfigPath : await kubeconfigImpersonating(t, kubeconfigPath, user);
  const client = testClient(t, kubeconfig);
  const objects = createPublishedObjects(client);
  const apply = (name = 'ca', data: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const contents: PublishedContents = {
      kind: 'ConfigMap',
      namespace,
      name,
      labels: {},
      annotations: {},
      data: toBytes(data),
    };
    return objects.apply(contents, { before: undefined, dryRun: true });
  };
  return { cluster, client, namespace, apply };
}

test('a refusal of RBAC is Forbidden', async (t) => {
  const { apply } = await prepared(t, 'nobody');
  await assert.rejects(apply(), { kind: 'Forbidden', message: /User "nobody" cannot patch resource "configmaps"/ });
});

test('a namespace that must not be read has nothing to tell', async (t) => {
  const { client, namespace } = await prepared(t, 'nobody');
  assert.equal(await createNamespaces(client, OPTIONS).get(namespace), undefined);
});

test('the annotations of a namespace are read', async (t) => {
  const { cluster, client, namespace } = await prepared(t);
  await cluster.kubectl(['annotate', 'namespace', namespace, 'cloudsql-ssl.dev/allowed-instances=acme-prod/*']);
  assert.equal(
    (await createNamespaces(client, OPTIONS).get(namespace))?.annotations['cloudsql-ssl.dev/allowed-instances'],
    'acme-prod/*',
  );
});

test('a namespace that is on its way out says so', async (t) => {
  const { cluster, client, namespace } = await prepared(t);
  const held = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', finalizers: ['example.com/held'] } };
  await cluster.kubectl(['create', '-f', '-', `--namespace=${namespace}`], JSON.stringify(held));
  assert.equal((await createNamespaces(client, OPTIONS).get(namespace))?.isBeingDeleted, false);
  await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  assert.equal((await createNamespaces(client, OPTIONS).get(namespace))?.isBeingDeleted, true);
  const patch = JSON.stringify({ metadata: { finalizers: null } });
  await cluster.kubectl(['patch', 'configmap', 'held', `--namespace=${namespace}`, '--type=merge', `--patch=${patch}`]);
});

for (const reason of ['Invalid', 'Forbidden']) {
  test(`an admission policy that says ${reason} is Refused`, async (t) => {
    const { cluster, namespace, apply } = await prepared(t);
    await refusing(t, cluster, namespace, reason);
    await assert.rejects(apply(), { kind: 'Refused', message: /denied request: not here$/ });
  });
}

test('a namespace that is being terminated is Refused', async (t) => {
  const { cluster, namespace, apply } = await prepared(t);
  const flags = [`--namespace=${namespace}`];
  await cluster.kubectl(['create', 'configmap', 'holder', ...flags]);
  const patch = (finalizers: readonly string[]) => `--patch=${JSON.stringify({ metadata: { finalizers } })}`;
  await cluster.kubectl(['patch', 'configmap/holder', '--type=merge', patch(['example.com/keep']), ...flags]);
  await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await assert.rejects(apply(), { kind: 'Refused', message: /being terminated/ });
  await cluster.kubectl(['patch', 'configmap/holder', '--type=merge', patch([]), ...flags]);
});

test('an invalid object is Refused', async (t) => {
  const { apply } = await prepared(t);
  await assert.rejects(apply('ca', { 'not/a/key': '' }), { kind: 'Refused', message: /not\/a\/key/ });
});

test('a namespace that is not there is NotFound', async (t) => {
  const { client } = await prepared(t);
  await assert.rejects(createNamespaces(client, OPTIONS).get('no-such-namespace'), { kind: 'NotFound' });
});
