import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CoreV1Api } from '@kubernetes/client-node';
import { createPublishedObjects } from '../../../src/kubernetes/published-objects.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { present, testClient } from '../../support/kubernetes/test-client.ts';
import { toBytes, toTexts } from '../../support/object-data.ts';

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
    data: toBytes(data),
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
    const { uid, resourceVersion, immutable, type: _type, publishedTime, ...rest } = present(await objects.get(ref));
    assert.ok(uid && resourceVersion && publishedTime);
    assert.equal(immutable, false);
    assert.deepEqual(rest, { ...wanted, ownKeys: ['other', 'server-ca.pem'] });
  });

  test(`who else edited a ${kind} last is known with it, by the name of the field manager`, async (t) => {
    const { cluster, objects, ref, contents, created } = await prepared(t, kind);
    await created();
    for (const [manager, key] of [
      ['theirs', 'server-ca.pem'],
      ['others', 'other'],
    ] as const) {
      const edited = { apiVersion: 'v1', kind, metadata: { name: 'ca' }, data: { [key]: 'eA==' } };
      const how = ['--server-side', '--force-conflicts', `--field-manager=${manager}`];
      await cluster.kubectl(['apply', `--namespace=${ref.namespace}`, ...how, '-f', '-'], JSON.stringify(edited));
      const managers = present(await objects.get(ref)).editedBy ?? '';
      assert.ok(manager === 'theirs' ? managers === 'theirs' : ['theirs', 'others'].includes(managers), managers);
    }
    const before = present(await objects.get(ref));
    await objects.apply(contents({ 'server-ca.pem': 'ours', other: 'ours' }), { before, dryRun: false });
    assert.equal(present(await objects.get(ref)).editedBy, undefined);
  });

  test(`bytes that are no text come back from a ${kind} as they were applied, beside text`, async (t) => {
    const { objects, ref, contents } = await prepared(t, kind);
    const data = { 'store.p12': Uint8Array.from({ length: 256 }, (_, n) => n), 'server-ca.pem': utf8('PEM\n') };
    await objects.apply({ ...contents({}), data }, { before: undefined, dryRun: false });
    const stored = present(await objects.get(ref));
    assert.deepEqual(stored.data, data);
    assert.deepEqual(stored.ownKeys.toSorted(), ['server-ca.pem', 'store.p12']);
  });

  test(`a key of a ${kind} that turns from text into other bytes, and back, is one apply`, async (t) => {
    const { objects, contents, ref, created } = await prepared(t, kind);
    await created();
    for (const value of [Uint8Array.of(0xff), utf8('text'), Uint8Array.of(0xfe)]) {
      const before = present(await objects.get(ref));
      const data = { 'server-ca.pem': value };
      await objects.apply({ ...contents({}), data }, { before, dryRun: false });
      assert.deepEqual(present(await objects.get(ref)).data, data);
    }
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

test('a Secret that is made with a type has it, keeps it, and takes no apply without the keys that it demands', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'Secret');
  const typed = (data: Readonly<Record<string, string>>) => ({ ...contents(data), type: 'kubernetes.io/tls' });
  const keys = { 'tls.crt': 'c', 'tls.key': 'k' };
  await objects.apply(typed(keys), { before: undefined, dryRun: false });
  const before = present(await objects.get(ref));
  await objects.apply(contents({ ...keys, 'client.pk8': 'x' }), { before, dryRun: false });
  assert.equal((await core.readNamespacedSecret(ref)).type, 'kubernetes.io/tls');
  const after = present(await objects.get(ref));
  const without = objects.apply(contents({ 'client.pk8': 'x' }), { before: after, dryRun: false });
  await assert.rejects(without, { kind: 'Refused', message: /tls\.crt/ });
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
  assert.deepEqual(toTexts(present(await objects.get(ref)).data), { 'other.pem': 'x', theirs: 'kept' });
});

test('an annotation of somebody else, such as one that keeps another tool away, stays when it is applied anew', async (t) => {
  const { cluster, objects, ref, contents, created } = await prepared(t, 'Secret');
  await created();
  const target = [`--namespace=${ref.namespace}`, 'secret/ca'];
  await cluster.kubectl(['annotate', ...target, 'reloader.stakater.com/ignore=true']);
  const before = present(await objects.get(ref));
  await objects.apply(contents({ 'server-ca.pem': 'new' }), { before, dryRun: false });
  assert.deepEqual(present(await objects.get(ref)).annotations, {
    'cloudsql-ssl.dev/managed-by': 'orders-db',
    'reloader.stakater.com/ignore': 'true',
  });
});

test('with the object that was read, keys of another writer are taken over', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'ConfigMap');
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, data: { 'server-ca.pem': 'theirs' } } });
  const before = present(await objects.get(ref));
  await objects.apply(contents({ 'server-ca.pem': 'ours' }), { before, dryRun: false });
  assert.deepEqual(toTexts(present(await objects.get(ref)).data), { 'server-ca.pem': 'ours' });
});

test('without one, nothing is taken from somebody who was faster', async (t) => {
  const { core, objects, ref, contents } = await prepared(t, 'ConfigMap');
  await core.createNamespacedConfigMap({ ...ref, body: { metadata: ref, data: { 'server-ca.pem': 'theirs' } } });
  const late = objects.apply(contents({ 'server-ca.pem': 'ours' }), { before: undefined, dryRun: false });
  await assert.rejects(late, { kind: 'Conflict' });
  assert.deepEqual(toTexts(present(await objects.get(ref)).data), { 'server-ca.pem': 'theirs' });
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

test('a key of a ConfigMap that another manager owns too does not turn into other bytes: nothing is written', async (t) => {
  const { cluster, objects, ref, contents, created } = await prepared(t, 'ConfigMap');
  await created();
  const same = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca' }, data: { 'server-ca.pem': 'old' } };
  const theirs = ['apply', `--namespace=${ref.namespace}`, '--server-side', '--field-manager=theirs', '-f', '-'];
  await cluster.kubectl(theirs, JSON.stringify(same));
  const before = present(await objects.get(ref));
  const data = { 'server-ca.pem': Uint8Array.of(0xff) };
  const turned = objects.apply({ ...contents({}), data }, { before, dryRun: false });
  await assert.rejects(turned, { kind: 'Refused', message: /server-ca\.pem/ });
  assert.deepEqual(await objects.get(ref), before);
});

test('a key that another manager owns too stays when it is not applied any more, and is ours no longer', async (t) => {
  const { cluster, objects, ref, contents, created } = await prepared(t, 'ConfigMap');
  await created();
  const same = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca' }, data: { 'server-ca.pem': 'old' } };
  const theirs = ['apply', `--namespace=${ref.namespace}`, '--server-side', '--field-manager=theirs', '-f', '-'];
  await cluster.kubectl(theirs, JSON.stringify(same));
  const before = present(await objects.get(ref));
  await objects.apply(contents({ other: 'x' }), { before, dryRun: false });
  const { data, ownKeys } = present(await objects.get(ref));
  assert.deepEqual([toTexts(data), ownKeys], [{ 'server-ca.pem': 'old', other: 'x' }, ['other']]);
});

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
