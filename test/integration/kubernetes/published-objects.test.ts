import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CoreV1Api } from '@kubernetes/client-node';
import { createPublishedObjects } from '../../../src/kubernetes/published-objects.ts';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { present, testClient } from '../../support/kubernetes/test-client.ts';

async function prepared(t: TestContext, kind: 'Secret' | 'ConfigMap') {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const client = testClient(t, cluster.kubeconfigPath);
  const objects = createPublishedObjects(client);
  const ref = { kind, namespace, name: 'ca' };
  const contents = (data: Readonly<Record<string, string>>): PublishedContents => ({
    ...ref,
    labels: { 'app.kubernetes.io/managed-by': 'cloudsql-ssl-operator' },
    annotations: { 'cloudsql-ssl.dev/managed-by': 'orders-db' },
    data,
  });
  const created = async () => {
    await objects.apply(contents({ 'server-ca.pem': 'old' }), { before: undefined, dryRun: false });
    return present(await objects.get(ref));
  };
  return { cluster, core: client.api(CoreV1Api), objects, ref, contents, created };
}

for (const kind of ['Secret', 'ConfigMap'] as const) {
  test(`a ${kind} comes back as it was applied`, async (t) => {
    const { objects, ref, contents } = await prepared(t, kind);
    assert.equal(await objects.get(ref), undefined);
    const wanted = contents({ 'server-ca.pem': 'Zürich\n', other: '' });
    await objects.apply(wanted, { before: undefined, dryRun: false });
    const { uid, resourceVersion, immutable, type: _type, ...rest } = present(await objects.get(ref));
    assert.ok(uid && resourceVersion);
    assert.equal(immutable, false);
    assert.deepEqual(rest, wanted);
  });

  test(`a dry run of a ${kind} stores nothing`, async (t) => {
    const { objects, ref, contents, created } = await prepared(t, kind);
    await objects.apply(contents({}), { before: undefined, dryRun: true });
    assert.equal(await objects.get(ref), undefined);
    const before = await created();
    await objects.apply(contents({ 'server-ca.pem': 'new' }), { before, dryRun: true });
    assert.deepEqual(await objects.get(ref), before);
  });

  test(`an apply of a ${kind} that was not there conflicts with one that is there by then`, async (t) => {
    const { objects, ref, contents, created } = await prepared(t, kind);
    const current = await created();
    const late = objects.apply(contents({ 'server-ca.pem': 'older' }), { before: undefined, dryRun: false });
    await assert.rejects(late, { kind: 'Conflict' });
    assert.deepEqual(await objects.get(ref), current);
  });

  test(`an apply of a ${kind} under an old resourceVersion conflicts and changes nothing`, async (t) => {
    const { objects, ref, contents, created } = await prepared(t, kind);
    const before = await created();
    await objects.apply(contents({ 'server-ca.pem': 'new' }), { before, dryRun: false });
    const current = await objects.get(ref);
    const again = objects.apply(contents({ 'server-ca.pem': 'older' }), { before, dryRun: false });
    await assert.rejects(again, { kind: 'Conflict' });
    assert.deepEqual(await objects.get(ref), current);
  });
}

test('a Secret is Opaque', async (t) => {
  const { core, ref, created } = await prepared(t, 'Secret');
  await created();
  assert.equal((await core.readNamespacedSecret(ref)).type, 'Opaque');
});

test('an apply of an object that was deleted meanwhile does not bring it back', async (t) => {
  const { core, objects, ref, contents, created } = await prepared(t, 'Secret');
  const before = await created();
  await core.deleteNamespacedSecret(ref);
  const late = objects.apply(contents({ 'server-ca.pem': 'older' }), { before, dryRun: false });
  await assert.rejects(late, { kind: 'Conflict' });
  assert.equal(await objects.get(ref), undefined);
});

test('a key that is not applied any more is removed, one of somebody else is kept', async (t) => {
  const { cluster, objects, ref, contents, created } = await prepared(t, 'ConfigMap');
  await created();
  const target = [`--namespace=${ref.namespace}`, 'configmap/ca'];
  await cluster.kubectl(['patch', ...target, '--type=merge', '--patch={"data":{"theirs":"kept"}}']);
  const before = present(await objects.get(ref));
  await objects.apply(contents({ 'other.pem': 'x' }), { before, dryRun: false });
  assert.deepEqual(present(await objects.get(ref)).data, { 'other.pem': 'x', theirs: 'kept' });
});

test('with the object that was read, keys of another writer are taken over', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'ConfigMap');
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, data: { 'server-ca.pem': 'theirs' } } });
  const before = present(await objects.get(ref));
  await objects.apply(contents({ 'server-ca.pem': 'ours' }), { before, dryRun: false });
  assert.deepEqual(present(await objects.get(ref)).data, { 'server-ca.pem': 'ours' });
});

test('without one, nothing is taken from somebody who was faster', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'ConfigMap');
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, data: { 'server-ca.pem': 'theirs' } } });
  const late = objects.apply(contents({ 'server-ca.pem': 'ours' }), { before: undefined, dryRun: false });
  await assert.rejects(late, { kind: 'Conflict' });
  assert.deepEqual(present(await objects.get(ref)).data, { 'server-ca.pem': 'theirs' });
});

test('an immutable object is seen as such', async (t) => {
  const { core, objects, ref } = await prepared(t, 'ConfigMap');
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, immutable: true } });
  assert.equal(present(await objects.get(ref)).immutable, true);
});

const TYPED: readonly { readonly type: string; readonly data: Readonly<Record<string, string>> }[] = [
  { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } },
  { type: 'kubernetes.io/basic-auth', data: { username: 'eA==' } },
  { type: 'example.com/of-their-own', data: { theirs: 'eA==' } },
];
for (const { type, data } of TYPED) {
  test(`a Secret of type ${type} keeps its type and the keys that are not ours, however often it is applied`, async (t) => {
    const { core, objects, ref, contents } = await prepared(t, 'Secret');
    await core.createNamespacedSecret({ ...ref, body: { metadata: ref, type, data: { ...data } } });
    for (const pem of ['first', 'second']) {
      const before = present(await objects.get(ref));
      await objects.apply(contents({ 'server-ca.pem': pem }), { before, dryRun: true });
      await objects.apply(contents({ 'server-ca.pem': pem }), { before, dryRun: false });
    }
    const after = await core.readNamespacedSecret(ref);
    assert.equal(after.type, type);
    assert.deepEqual(after.data, { ...data, 'server-ca.pem': Buffer.from('second').toString('base64') });
  });
}

test('a ConfigMap that holds the key as binary data is not written over', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'ConfigMap');
  const binaryData = { 'server-ca.pem': 'eA==' };
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, binaryData } });
  const before = present(await objects.get(ref));
  const dryRun = objects.apply(contents({ 'server-ca.pem': 'ours' }), { before, dryRun: true });
  await assert.rejects(dryRun, { kind: 'Refused', message: /server-ca\.pem/ });
});

for (const controller of [true, false]) {
  test(`the owner of an object is seen, where controller is ${controller}`, async (t) => {
    const { core, objects, ref } = await prepared(t, 'Secret');
    const owner = { kind: 'ConfigMap', name: 'owner' };
    const { metadata } = await core.createNamespacedConfigMap({ ...ref, body: { metadata: { name: owner.name } } });
    const ownerReferences = [{ apiVersion: 'v1', ...owner, uid: metadata?.uid ?? '', controller }];
    await core.createNamespacedSecret({ ...ref, body: { metadata: { name: ref.name, ownerReferences } } });
    assert.deepEqual(present(await objects.get(ref)).owner, owner);
  });
}

test('an object that waits for a finalizer is seen as being deleted', async (t) => {
  const { core, objects, ref } = await prepared(t, 'Secret');
  const metadata = { name: ref.name, finalizers: ['example.com/held'] };
  await core.createNamespacedSecret({ ...ref, body: { metadata } });
  assert.equal(present(await objects.get(ref)).deletionTimestamp, undefined);
  await core.deleteNamespacedSecret(ref);
  assert.match(present(await objects.get(ref)).deletionTimestamp ?? '', /^\d{4}-.*Z$/);
  await core.replaceNamespacedSecret({ ...ref, body: { metadata: { name: ref.name } } });
});

test('what is published is never made immutable', async (t) => {
  const { core, ref, created } = await prepared(t, 'Secret');
  await created();
  assert.equal((await core.readNamespacedSecret(ref)).immutable, undefined);
});
