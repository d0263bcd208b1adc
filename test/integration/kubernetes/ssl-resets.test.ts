import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { createSslResets } from '../../../src/kubernetes/ssl-resets.ts';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { createReset, deleteReset, present, testClient } from '../../support/kubernetes/test-client.ts';

before(async () => installCrd(await sharedCluster()));

async function created(t: TestContext) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const client = testClient(t, cluster.kubeconfigPath);
  const resets = createSslResets(client);
  const ref = { namespace, name: 'db' };
  await createReset(client, namespace, 'db');
  return { cluster, client, resets, ref, reset: present(await resets.get(ref)) };
}

test('an object is read with its defaults, empty annotations and without managed fields', async (t) => {
  const { reset, ref } = await created(t);
  const { uid, resourceVersion, creationTimestamp, ...metadata } = reset.metadata;
  assert.ok(uid && resourceVersion && creationTimestamp);
  assert.deepEqual(metadata, { ...ref, generation: 1, annotations: {} });
  assert.equal(reset.spec.mode, 'All');
  assert.deepEqual(reset.status, { observedGeneration: -1 });
});

test('an object that is not there is undefined', async (t) => {
  const { resets, ref } = await created(t);
  assert.equal(await resets.get({ ...ref, name: 'other' }), undefined);
});

test('a status is replaced as a whole, and nothing else is', async (t) => {
  const { resets, ref, reset } = await created(t);
  const first = await resets.updateStatus(reset, { observedGeneration: 1, rollout: { summary: '1/2' } });
  const second = await resets.updateStatus(first, { observedGeneration: 2 });
  assert.deepEqual(second.status, { observedGeneration: 2 });
  assert.deepEqual(await resets.get(ref), second);
  assert.deepEqual(second.spec, reset.spec);
  assert.equal(second.metadata.generation, 1);
});

test('a status under a stale resourceVersion conflicts', async (t) => {
  const { resets, ref, reset } = await created(t);
  const current = await resets.updateStatus(reset, { observedGeneration: 1 });
  await assert.rejects(resets.updateStatus(reset, { observedGeneration: 2 }), { kind: 'Conflict' });
  assert.deepEqual(await resets.get(ref), current);
});

test('a status never lands on a recreated object', async (t) => {
  const { client, resets, ref, reset } = await created(t);
  await deleteReset(client, ref.namespace, ref.name);
  await createReset(client, ref.namespace, ref.name);
  const recreated = present(await resets.get(ref));
  await assert.rejects(resets.updateStatus(reset, { observedGeneration: 1 }), { kind: 'Conflict' });
  const disguised = { ...reset, metadata: { ...reset.metadata, resourceVersion: recreated.metadata.resourceVersion } };
  await assert.rejects(resets.updateStatus(disguised, { observedGeneration: 1 }), { kind: 'Conflict' });
  assert.deepEqual(await resets.get(ref), recreated);
});

test('a status of an object that is gone is NotFound', async (t) => {
  const { client, resets, ref, reset } = await created(t);
  await deleteReset(client, ref.namespace, ref.name);
  await assert.rejects(resets.updateStatus(reset, { observedGeneration: 1 }), { kind: 'NotFound' });
});

test('annotations and a deletion under way are seen', async (t) => {
  const { cluster, resets, ref } = await created(t);
  const patch = { metadata: { annotations: { 'cloudsql-ssl.dev/retry': '1' }, finalizers: ['example.com/keep'] } };
  const target = [`--namespace=${ref.namespace}`, 'cloudsqlsslreset/db'];
  await cluster.kubectl(['patch', ...target, '--type=merge', `--patch=${JSON.stringify(patch)}`]);
  await cluster.kubectl(['delete', ...target, '--wait=false']);
  const { metadata } = present(await resets.get(ref));
  assert.deepEqual(metadata.annotations, { 'cloudsql-ssl.dev/retry': '1' });
  assert.ok(metadata.deletionTimestamp);
  await cluster.kubectl(['patch', ...target, '--type=merge', '--patch={"metadata":{"finalizers":null}}']);
});
