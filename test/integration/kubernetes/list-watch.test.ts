import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { filter, firstValueFrom, map, ReplaySubject, skip, take, timeout, toArray } from 'rxjs';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type ListWatchOptions, watchObjects } from '../../../src/kubernetes/list-watch.ts';
import { SSL_RESET_OBJECTS } from '../../../src/kubernetes/ssl-resets.ts';
import { afterwards } from '../../support/afterwards.ts';
import { apiProxy, isWatch } from '../../support/kubernetes/api-proxy.ts';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { kubeconfigAs, kubeconfigImpersonating } from '../../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { createReset, deleteReset, silentLogger, testClient } from '../../support/kubernetes/test-client.ts';
import { type SslResetEvent, watchSslResets } from '../../support/kubernetes/watch-resets.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const FITTING = {
  metadata: { namespace: 'n', name: 'fits', uid: 'u', resourceVersion: '1', generation: 1 },
  spec: { project: 'p', instance: 'i', mode: 'All', deadlineSeconds: 1, preconditions: {}, rollout: {} },
};

before(async () => installCrd(await sharedCluster()));

const OPTIONS: ListWatchOptions = {
  logger: silentLogger,
  pageLimit: 2,
  timeouts: { openMs: 60_000, silenceMs: 60_000 },
  backoff: { minMs: 20, maxMs: 100 },
};

/** A watch through a proxy that can disturb it, beside a client that writes undisturbed. */
async function prepared(t: TestContext) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const proxy = await apiProxy(t, cluster);
  const client = testClient(t, proxy.kubeconfigPath);
  const writer = testClient(t, cluster.kubeconfigPath);
  const watching = (options: Partial<ListWatchOptions> = {}, namespaces: readonly string[] = [namespace]) =>
    recorded(t, watchSslResets(client, namespaces, { ...OPTIONS, ...options }));
  return { cluster, namespace, proxy, writer, watching };
}

interface Recorded {
  /** Resolves when there has been such an event of the object so called. */
  seen(type: SslResetEvent['type'], name?: string): Promise<SslResetEvent>;
  /** Resolves when the whole set was listed for the second time. */
  seenSyncedAgain(): Promise<SslResetEvent>;
  readonly types: readonly string[];
}

function recorded(t: TestContext, source: ReturnType<typeof watchSslResets>): Recorded {
  const events = new ReplaySubject<SslResetEvent>();
  const types: string[] = [];
  events.subscribe(({ type }) => types.push(type));
  const subscription = source.subscribe(events);
  afterwards(t, () => subscription.unsubscribe());
  const isIt = (event: SslResetEvent, name: string | undefined): boolean =>
    name === undefined || ('object' in event && event.object.metadata.name === name);
  return {
    types,
    seen: (type, name) =>
      firstValueFrom(
        events.pipe(
          filter((event) => event.type === type && isIt(event, name)),
          timeout({ first: PATIENCE_MS }),
        ),
      ),
    seenSyncedAgain: () =>
      firstValueFrom(
        events.pipe(
          filter(({ type }) => type === 'synced'),
          skip(1),
          timeout({ first: PATIENCE_MS }),
        ),
      ),
  };
}

test('the first list is read page by page, and complete', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) await createReset(writer, namespace, name);
  const synced = await watching().seen('synced');
  assert.deepEqual(synced.type === 'synced' && synced.objects.map(({ metadata }) => metadata.name), names);
  assert.equal(proxy.requests.filter((request) => request.includes('limit=2')).length, 3);
});

test('creations, changes and deletions arrive, without managed fields', async (t) => {
  const { namespace, writer, watching } = await prepared(t);
  const { seen } = watching();
  await seen('synced');
  await createReset(writer, namespace, 'a');
  const applied = await seen('applied', 'a');
  assert.ok('object' in applied && !('managedFields' in applied.object.metadata));
  await deleteReset(writer, namespace, 'a');
  await seen('deleted', 'a');
});

test('several namespaces are watched beside each other, and no other', async (t) => {
  const { cluster, namespace, writer, watching } = await prepared(t);
  const [second, other] = [await testNamespace(t, cluster), await testNamespace(t, cluster)];
  const { seen, types } = watching({}, [namespace, second]);
  await seen('synced');
  await createReset(writer, other, 'c');
  await createReset(writer, namespace, 'a');
  await createReset(writer, second, 'b');
  assert.equal((await seen('applied', 'a')).namespace, namespace);
  assert.equal((await seen('applied', 'b')).namespace, second);
  assert.equal(types.filter((type) => type === 'applied').length, 2);
});

test('all namespaces are watched at once', async (t) => {
  const { namespace, writer, watching } = await prepared(t);
  const { seen } = watching({}, []);
  assert.equal((await seen('synced')).namespace, undefined);
  await createReset(writer, namespace, `only-${namespace}`);
  await seen('applied', `only-${namespace}`);
});

test('a connection that is cut costs no event and no list', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  const { seen, types } = watching();
  await createReset(writer, namespace, 'a');
  await seen('synced');
  const opened = proxy.requests.length;
  proxy.cut();
  await createReset(writer, namespace, 'b');
  await seen('applied', 'b');
  assert.equal(types.filter((type) => type === 'synced').length, 1);
  assert.ok(proxy.requests.slice(opened).every((request) => request.includes('watch=true')));
});

test('server errors are reported once and survived', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  let refused = 0;
  proxy.intercept((request, response) => {
    if (refused >= 5 || !isWatch(request)) return false;
    refused += 1;
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"etcd is away"}');
    return true;
  });
  const { seen, types } = watching();
  const failed = await seen('failed');
  assert.ok(failed.type === 'failed' && failed.error instanceof Error && failed.error.message === 'etcd is away');
  await createReset(writer, namespace, 'a');
  await Promise.all([seen('applied', 'a'), seen('recovered')]);
  // What has changed by then, and that it works, may come in either order.
  assert.deepEqual(
    types.filter((type) => type !== 'applied'),
    ['synced', 'failed', 'recovered'],
  );
});

test('an error within a watch is seen: a version that is too old is listed again', async (t) => {
  const { proxy, watching } = await prepared(t);
  let told = false;
  proxy.intercept((request, response) => {
    if (told || !isWatch(request)) return false;
    told = true;
    response.writeHead(200).end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    return true;
  });
  const { seenSyncedAgain, types } = watching();
  await seenSyncedAgain();
  assert.ok(!types.includes('failed'));
});

test('a line that is cut short costs no event', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  let cut = false;
  proxy.intercept((request, response) => {
    if (cut || !isWatch(request)) return false;
    cut = true;
    response.writeHead(200).end('{"type":"ADDED","obj\n');
    return true;
  });
  const { seen } = watching();
  await seen('failed');
  await createReset(writer, namespace, 'a');
  await seen('applied', 'a');
});

test('a watch that is silent is opened again', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  let silenced = false;
  proxy.intercept((request, response) => {
    if (silenced || !isWatch(request)) return false;
    silenced = true;
    response.writeHead(200).flushHeaders();
    return true;
  });
  const { seen, types } = watching({ timeouts: { openMs: 60_000, silenceMs: 200 } });
  await seen('synced');
  await createReset(writer, namespace, 'a');
  await seen('applied', 'a');
  assert.ok(silenced && !types.includes('failed'));
});

test('a watch that hangs before it is accepted is given up and opened again', async (t) => {
  const { namespace, proxy, writer, watching } = await prepared(t);
  let hung = false;
  proxy.intercept((request) => {
    if (hung || !isWatch(request)) return false;
    hung = true;
    return true;
  });
  const { seen } = watching({ timeouts: { openMs: 5_000, silenceMs: 60_000 } });
  await seen('failed');
  await createReset(writer, namespace, 'a');
  await seen('applied', 'a');
});

test('unsubscribing breaks a watch off that is not accepted yet', async (t) => {
  const { namespace, proxy } = await prepared(t);
  const client = testClient(t, proxy.kubeconfigPath);
  const hanging = Promise.withResolvers<IncomingMessage>();
  proxy.intercept((request) => {
    if (isWatch(request)) hanging.resolve(request);
    return isWatch(request);
  });
  const subscription = watchSslResets(client, [namespace], OPTIONS).subscribe();
  const { socket } = await hanging.promise;
  const closed = once(socket, 'close');
  subscription.unsubscribe();
  await closed;
});

test('without the right to list, the watch says so, and starts when it is given', async (t) => {
  const { cluster, namespace } = await prepared(t);
  const user = `watcher-${namespace}`;
  const client = testClient(t, await kubeconfigImpersonating(t, cluster.kubeconfigPath, user));
  const { seen } = recorded(t, watchSslResets(client, [namespace], OPTIONS));
  const failed = await seen('failed');
  assert.ok(failed.type === 'failed' && failed.error instanceof Error);
  assert.match(failed.error.message, /cannot list resource "cloudsqlsslresets"/);
  const flags = [`--namespace=${namespace}`];
  await cluster.kubectl([
    'create',
    'role',
    'w',
    '--verb=list,watch',
    '--resource=cloudsqlsslresets.cloudsql-ssl.dev',
    ...flags,
  ]);
  await cluster.kubectl(['create', 'rolebinding', 'w', '--role=w', `--user=${user}`, ...flags]);
  await seen('synced');
  await seen('recovered');
});

test('without the CRD the watch says so', async (t) => {
  const { proxy, watching } = await prepared(t);
  proxy.intercept((_request, response) => response.writeHead(404).end('404 page not found').writableEnded);
  const failed = await watching().seen('failed');
  assert.ok(failed.type === 'failed' && failed.error instanceof Error);
  assert.equal(failed.error.message, 'the CRD cloudsqlsslresets.cloudsql-ssl.dev is not installed');
});

test('an object that does not fit is passed over with a warning, and the others are not', async (t) => {
  const { proxy, watching } = await prepared(t);
  proxy.intercept((request, response) => {
    if (isWatch(request)) return false;
    const items = [{ metadata: { name: 'odd' } }, FITTING];
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items })).writableEnded;
  });
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (_message: string, fields?: object) => warnings.push(fields) };
  const synced = await watching({ logger }).seen('synced');
  assert.ok(synced.type === 'synced');
  assert.deepEqual(
    synced.objects.map(({ metadata }) => metadata.name),
    ['fits'],
  );
  assert.deepEqual(warnings, [{ namespace: undefined, name: 'odd' }]);
});

test('an object that cannot be read is said once, and does not hide the others from the watch', async (t) => {
  const { proxy, namespace } = await prepared(t);
  proxy.intercept((request, response) => {
    if (isWatch(request)) return response.writeHead(410).end().writableEnded;
    const odd = { ...FITTING, metadata: { ...FITTING.metadata, name: 'odd' } };
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [odd, FITTING] })).writableEnded;
  });
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (message: string, fields?: object) => warnings.push([message, fields]) };
  const nameOf = ({ metadata: { name } }: SslReset): string => {
    if (name === 'odd') throw new TypeError('history is\nno list');
    return name;
  };
  const client = testClient(t, proxy.kubeconfigPath);
  const listed = watchObjects(SSL_RESET_OBJECTS, nameOf, client, [namespace], { ...OPTIONS, logger }).pipe(
    filter((event) => event.type === 'synced'),
    map(({ objects }) => objects),
    take(2),
    toArray(),
    timeout({ each: PATIENCE_MS }),
  );
  assert.deepEqual(await firstValueFrom(listed), [['fits'], ['fits']]);
  const message = 'an object cannot be read and is skipped: history is no list';
  assert.deepEqual(warnings, [[message, { namespace: 'n', name: 'odd' }]]);
});

test('a token file that cannot be read is a failure like any other', async (t) => {
  const { cluster, namespace } = await prepared(t);
  const kubeconfig = await kubeconfigAs(t, cluster.kubeconfigPath, { tokenFile: 'token' });
  const { seen } = recorded(t, watchSslResets(testClient(t, kubeconfig), [namespace], OPTIONS));
  await seen('failed');
  const flags = [`--namespace=${namespace}`];
  const token = await cluster.kubectl(['create', 'token', 'default', ...flags]);
  await cluster.kubectl([
    'create',
    'rolebinding',
    'w',
    '--clusterrole=cluster-admin',
    `--serviceaccount=${namespace}:default`,
    ...flags,
  ]);
  // As a kubelet does: an empty file would be taken for the token, and kept for a minute.
  const path = join(dirname(kubeconfig), 'token');
  await writeFile(`${path}.new`, token.trim());
  await rename(`${path}.new`, path);
  await seen('synced');
});
