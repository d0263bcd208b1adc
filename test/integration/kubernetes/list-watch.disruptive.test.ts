import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { filter, firstValueFrom, ReplaySubject, skip, timeout } from 'rxjs';
import { afterwards } from '../../support/afterwards.ts';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { createReset, deleteReset, silentLogger, testClient } from '../../support/kubernetes/test-client.ts';
import { type SslResetEvent, watchSslResets } from '../../support/kubernetes/watch-resets.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

before(async () => installCrd(await sharedCluster()));

test('the watch survives a restart of the API server that has forgotten its version', async (t) => {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const client = testClient(t, cluster.kubeconfigPath);
  const events = new ReplaySubject<SslResetEvent>();
  const options = { logger: silentLogger, backoff: { minMs: 100, maxMs: 500 } };
  const subscription = watchSslResets(client, [namespace], options).subscribe(events);
  afterwards(t, () => subscription.unsubscribe());
  const seen = (is: (event: SslResetEvent) => boolean, nth = 1): Promise<SslResetEvent> =>
    firstValueFrom(events.pipe(filter(is), skip(nth - 1), timeout({ first: PATIENCE_MS })));
  const isOf = (name: string) => (event: SslResetEvent) => 'object' in event && event.object.metadata.name === name;

  await createReset(client, namespace, 'gone');
  await createReset(client, namespace, 'kept');
  await seen(isOf('kept'));
  await deleteReset(client, namespace, 'gone');
  // Later versions that this watch is told nothing of.
  await cluster.kubectl(['create', 'configmap', 'later', `--namespace=${namespace}`]);
  await cluster.compactEtcd();
  await cluster.restartApiServer();

  const relisted = await seen(({ type }) => type === 'synced', 2);
  assert.ok(relisted.type === 'synced');
  assert.deepEqual(
    relisted.objects.map(({ metadata }) => metadata.name),
    ['kept'],
  );
  await createReset(client, namespace, 'new');
  await seen(isOf('new'));
});
