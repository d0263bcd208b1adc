import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AppsV1Api, type V1Deployment } from '@kubernetes/client-node';
import type { Workload } from '../../../src/domain/trust/workload.ts';
import { createWorkloads } from '../../../src/kubernetes/workloads.ts';
import { aKey } from '../../support/fakes/builders.ts';
import { apiProxy, isWatch } from '../../support/kubernetes/api-proxy.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { present, testClient } from '../../support/kubernetes/test-client.ts';

const SETTLED = 'example.com/settled';
const ORDERS = aKey('shop/orders');
const BILLING = aKey('shop/billing');

const deployment = (name: string): V1Deployment => ({
  metadata: { name, labels: { tier: 'web' } },
  spec: {
    paused: true,
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'example.com/app' }] },
    },
  },
});

/** Deployments `a`, `b` and `c`, and what rolls that wait for some of them have heard. */
async function prepared(t: TestContext) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const proxy = await apiProxy(t, cluster);
  const client = testClient(t, proxy.kubeconfigPath);
  const apps = testClient(t, cluster.kubeconfigPath).api(AppsV1Api);
  for (const name of ['a', 'b', 'c']) await apps.createNamespacedDeployment({ namespace, body: deployment(name) });
  const workloads = createWorkloads(client);
  const read = async (name: string): Promise<Workload> =>
    present(await workloads.get({ kind: 'Deployment', namespace, name }));
  return {
    proxy,
    read,
    watches: () => proxy.requests.filter((request) => request.includes('watch=true')),
    /** Resolves as soon as one of them has settled, with how many are left. */
    async roll(by: typeof ORDERS, names: readonly string[], selector?: string): Promise<Promise<number>[]> {
      const heard = names.map(() => Promise.withResolvers<number>());
      const waiting = [...heard];
      workloads.watchRoll(by, {
        namespace,
        workloads: await Promise.all(names.map(read)),
        ...(selector !== undefined && { selector }),
        isSettled: ({ annotations }) => annotations[SETTLED] !== undefined,
        onSettled: (left) => waiting.shift()?.resolve(left),
      });
      return heard.map(({ promise }) => promise);
    },
    giveUp: (by: typeof ORDERS) =>
      workloads.watchRoll(by, { namespace, workloads: [], isSettled: () => true, onSettled: () => undefined }),
    settle: (name: string, value = 'yes') =>
      cluster.kubectl([
        'annotate',
        '--overwrite',
        `--namespace=${namespace}`,
        `deployment/${name}`,
        `${SETTLED}=${value}`,
      ]),
    remove: (name: string) => apps.deleteNamespacedDeployment({ namespace, name }),
  };
}

test('a roll is called as one workload after the other settles, also where that happens before the watch is open', async (t) => {
  const { roll, settle } = await prepared(t);
  const [first, second] = await roll(ORDERS, ['a', 'b']);
  for (const name of ['c', 'b']) await settle(name);
  assert.equal(await first, 1);
  await settle('b', 'again');
  await settle('a');
  assert.equal(await second, 0);
});

test('a roll is called for a workload that is deleted', async (t) => {
  const { roll, remove } = await prepared(t);
  const [only] = await roll(ORDERS, ['a']);
  await remove('a');
  assert.equal(await only, 0);
});

test('a roll of workloads that a selector matches sees nothing else', async (t) => {
  const { roll, settle, watches } = await prepared(t);
  const [only] = await roll(ORDERS, ['a'], 'tier=web');
  await settle('a');
  assert.equal(await only, 0);
  assert.ok(watches().every((request) => request.includes('labelSelector=tier%3Dweb')));
});

test('one watch serves all rolls of a namespace, and ends with the last of them', async (t) => {
  const { roll, giveUp, settle, watches } = await prepared(t);
  await roll(ORDERS, ['a', 'b']);
  const [only] = await roll(BILLING, ['c']);
  giveUp(ORDERS);
  await settle('c');
  assert.equal(await only, 0);
  assert.equal(watches().length, 1);
  giveUp(BILLING);
  const [again] = await roll(ORDERS, ['a']);
  await settle('a');
  assert.equal(await again, 0);
  assert.equal(watches().length, 2);
});

test('a roll whose watch is refused is not called, and does not ask for one again and again', async (t) => {
  const { proxy, roll, read, watches } = await prepared(t);
  const { promise: refused, resolve } = Promise.withResolvers<void>();
  proxy.intercept((request, response) => {
    if (!isWatch(request)) return false;
    response.writeHead(403, { 'Content-Type': 'application/json' }).end('{"kind":"Status","code":403}', resolve);
    return true;
  });
  await roll(ORDERS, ['a']);
  await refused;
  for (let looks = 0; looks < 5; looks += 1) {
    await read('a');
    await roll(ORDERS, ['a']);
  }
  assert.equal(watches().length, 1);
});
