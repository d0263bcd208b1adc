import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createNamespaces } from '../../../src/kubernetes/namespaces.ts';
import { aKey } from '../../support/fakes/builders.ts';
import { apiProxy, isWatch } from '../../support/kubernetes/api-proxy.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { testClient } from '../../support/kubernetes/test-client.ts';

const ONE = aKey('shop/one');
const OTHER = aKey('shop/other');

/** Two namespaces that allow nothing, and what has heard that one of them allows something. */
async function prepared(t: TestContext, mayWatch = true) {
  const cluster = await sharedCluster();
  const first = await testNamespace(t, cluster);
  const second = await testNamespace(t, cluster);
  const proxy = await apiProxy(t, cluster);
  const namespaces = createNamespaces(testClient(t, proxy.kubeconfigPath), { mayWatch, forgottenMs: 600_000 });
  const asked = (pattern: RegExp): number => proxy.requests.filter((request) => pattern.test(request)).length;
  return {
    proxy,
    first,
    second,
    watches: () => asked(/watch=true/),
    reads: (namespace: string) => asked(RegExp(`GET /api/v1/namespaces/${namespace}$`)),
    /** Resolves when the object hears of it; called at once, it has waited since it was refused. */
    async refused(by: typeof ONE, namespace: string): Promise<{ readonly heard: Promise<void> }> {
      const { promise: heard, resolve: onChange } = Promise.withResolvers<void>();
      await namespaces.ask(by, { namespace, isRefused: () => true, onChange });
      return { heard };
    },
    giveUp: async (by: typeof ONE, namespace: string) => {
      await namespaces.ask(by, { namespace, isRefused: () => false, onChange: () => undefined });
    },
    annotate: (namespace: string, ...values: readonly string[]) =>
      cluster.kubectl(['annotate', '--overwrite', 'namespace', namespace, ...values]),
  };
}

const ALLOWED = 'cloudsql-ssl.dev/allowed-instances=acme-prod/*';

test('who waits for a namespace hears that it allows something, by one watch of just that one, also where that came before the watch', async (t) => {
  const { proxy, refused, annotate, first, reads } = await prepared(t);
  const { heard } = await refused(ONE, first);
  await annotate(first, 'example.com/note=1');
  await annotate(first, ALLOWED);
  await heard;
  const watches = proxy.requests.filter((request) => request.includes('watch=true'));
  assert.equal(watches.length, 1);
  assert.match(watches[0] ?? '', new RegExp(`metadata.name\\+in\\+%28${first}%29`));
  assert.equal(reads(first), 1);
});

test('one watch serves all that wait for several namespaces, and ends with the last of them', async (t) => {
  const { refused, giveUp, annotate, first, second, watches } = await prepared(t);
  await refused(ONE, first);
  const { heard } = await refused(OTHER, second);
  await annotate(second, ALLOWED);
  await heard;
  assert.ok(watches() <= 2);
  await giveUp(ONE, first);
  await giveUp(OTHER, second);
  const after = watches();
  const { heard: again } = await refused(ONE, first);
  await annotate(first, ALLOWED);
  await again;
  assert.equal(watches(), after + 1);
});

test('without the right to watch Namespaces they are read in turn, and nothing is read when nobody waits', async (t) => {
  const { refused, giveUp, annotate, first, second, watches, reads } = await prepared(t, false);
  const { heard: one } = await refused(ONE, first);
  const { heard: other } = await refused(OTHER, second);
  await annotate(second, ALLOWED);
  await other;
  await annotate(first, ALLOWED);
  await one;
  assert.equal(watches(), 0);
  await refused(ONE, first);
  await giveUp(ONE, first);
  const before = reads(first);
  const { heard } = await refused(OTHER, second);
  await annotate(second, 'cloudsql-ssl.dev/allowed-instances-');
  await heard;
  assert.equal(reads(first), before);
});

test('a watch of Namespaces that is refused is not tried again and again: they are read', async (t) => {
  const { proxy, refused, annotate, first, watches } = await prepared(t);
  proxy.intercept((request, response) => {
    if (!isWatch(request)) return false;
    response.writeHead(403, { 'Content-Type': 'application/json' }).end('{"kind":"Status","code":403}');
    return true;
  });
  const { heard } = await refused(ONE, first);
  await annotate(first, ALLOWED);
  await heard;
  const { heard: again } = await refused(ONE, first);
  await annotate(first, 'cloudsql-ssl.dev/allowed-instances-');
  await again;
  assert.equal(watches(), 1);
});

test('a watch of Namespaces that is cut is opened again', async (t) => {
  const { proxy, refused, annotate, first, watches } = await prepared(t);
  const { heard } = await refused(ONE, first);
  await proxy.until(() => watches() === 1);
  proxy.cut();
  await annotate(first, ALLOWED);
  await heard;
});
