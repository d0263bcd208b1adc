import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AuthenticationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { call } from '../../../src/kubernetes/api-error.ts';
import type { Client, RequestReport } from '../../../src/kubernetes/client.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { sharedCluster, testNamespace } from '../support/cluster.ts';
import { apiProxy } from './api-proxy.ts';
import { testClient } from './fixtures.ts';
import { kubeconfigAs, kubeconfigImpersonating } from './kubeconfigs.ts';

const readDefault = (client: Client): Promise<unknown> =>
  call(client.api(CoreV1Api).readNamespace({ name: 'default' }));

async function username(client: Client): Promise<string | undefined> {
  const review = await call(client.api(AuthenticationV1Api).createSelfSubjectReview({ body: {} }));
  return review.status?.userInfo?.username;
}

/** A token of a service account of a namespace made for the test. */
async function serviceAccount(t: TestContext, cluster: Cluster) {
  const namespace = await testNamespace(t, cluster);
  const token = (await cluster.kubectl(['create', 'token', 'default', `--namespace=${namespace}`])).trim();
  return { token, user: `system:serviceaccount:${namespace}:default` };
}

test('calls that begin side by side share few connections', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const client = testClient(t, proxy.kubeconfigPath);
  await Promise.all(Array.from({ length: 200 }, () => readDefault(client)));
  assert.equal(proxy.requests.length, 200);
  assert.ok(proxy.connections() <= 10, `${proxy.connections()} connections`);
});

test('calls one after the other use the connection again', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const client = testClient(t, proxy.kubeconfigPath);
  for (let count = 0; count < 20; count += 1) await readDefault(client);
  assert.ok(proxy.connections() <= 2, `${proxy.connections()} connections`);
});

test('a call has a deadline', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const client = testClient(t, proxy.kubeconfigPath, { requestTimeoutMs: 200 });
  proxy.intercept(() => true);
  await assert.rejects(readDefault(client), { kind: 'Unavailable', message: 'the API server did not answer in time' });
});

test('the deadline holds while the body is read', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const client = testClient(t, proxy.kubeconfigPath, { requestTimeoutMs: 200 });
  proxy.intercept((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'));
  await assert.rejects(readDefault(client), { kind: 'Unavailable' });
});

test('a connection that the server has closed is replaced', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const client = testClient(t, proxy.kubeconfigPath);
  await readDefault(client);
  proxy.cut();
  await readDefault(client).catch(() => readDefault(client));
  assert.ok(proxy.connections() >= 2);
});

test('a connection that is cut during a call is Unavailable', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  proxy.intercept((request) => request.socket.destroy().destroyed);
  await assert.rejects(readDefault(testClient(t, proxy.kubeconfigPath)), { kind: 'Unavailable' });
});

test('Retry-After of an answer is kept', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  proxy.intercept((_request, response) => response.writeHead(429, { 'retry-after': '7' }).end('{}').writableEnded);
  const expected = { kind: 'Unavailable', retryAfterMs: 7000 };
  await assert.rejects(readDefault(testClient(t, proxy.kubeconfigPath)), expected);
});

test('every call is reported once, with its code if there was one', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  const reports: RequestReport[] = [];
  const client = testClient(t, proxy.kubeconfigPath, { onRequest: (report) => reports.push(report) });
  await readDefault(client);
  await assert.rejects(call(client.api(CoreV1Api).readNamespace({ name: 'none' })), { kind: 'NotFound' });
  proxy.intercept((request) => request.socket.destroy().destroyed);
  await assert.rejects(readDefault(client));
  assert.deepEqual(
    reports.map(({ method, code }) => [method, code]),
    [
      ['GET', 200],
      ['GET', 404],
      ['GET', undefined],
    ],
  );
});

test('a bearer token is used', async (t) => {
  const cluster = await sharedCluster();
  const { token, user } = await serviceAccount(t, cluster);
  assert.equal(await username(testClient(t, await kubeconfigAs(t, cluster.kubeconfigPath, { token }))), user);
});

test('a token file is used, and one that cannot be read is Unavailable', async (t) => {
  const cluster = await sharedCluster();
  const { token, user } = await serviceAccount(t, cluster);
  const kubeconfig = await kubeconfigAs(t, cluster.kubeconfigPath, { tokenFile: 'token' });
  const client = testClient(t, kubeconfig);
  await assert.rejects(username(client), {
    kind: 'Unavailable',
    message: /^no credentials for the API server: ENOENT/,
  });
  await writeFile(join(dirname(kubeconfig), 'token'), token);
  assert.equal(await username(client), user);
});

test('an exec plugin is used', async (t) => {
  const cluster = await sharedCluster();
  const { token, user } = await serviceAccount(t, cluster);
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } };
  const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };
  assert.equal(await username(testClient(t, await kubeconfigAs(t, cluster.kubeconfigPath, { exec }))), user);
});

test('an exec plugin that hangs, or prints something else, is Unavailable', async (t) => {
  const cluster = await sharedCluster();
  const using = async (command: string, ...args: readonly string[]): Promise<Client> => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args };
    return testClient(t, await kubeconfigAs(t, cluster.kubeconfigPath, { exec }), { requestTimeoutMs: 500 });
  };
  await assert.rejects(username(await using('sleep', '2')), { kind: 'Unavailable', message: /^no credentials/ });
  await assert.rejects(username(await using('echo', 'half-a-token')), (error) => {
    assert.ok(error instanceof Error);
    assert.doesNotMatch(`${error.message} ${error.cause}`, /half-a-token/);
    return true;
  });
});

test('impersonation of a kubeconfig is used', async (t) => {
  const { kubeconfigPath } = await sharedCluster();
  assert.equal(await username(testClient(t, await kubeconfigImpersonating(t, kubeconfigPath, 'bob'))), 'bob');
});

test('an API server that cannot be reached is Unavailable', async (t) => {
  const { kubeconfigPath } = await apiProxy(t, await sharedCluster());
  const nowhere = (await readFile(kubeconfigPath, 'utf8')).replace(/127\.0\.0\.1:\d+/, '127.0.0.1:2');
  await writeFile(kubeconfigPath, nowhere);
  await assert.rejects(readDefault(testClient(t, kubeconfigPath)), {
    kind: 'Unavailable',
    message: 'cannot reach the API server: connect ECONNREFUSED 127.0.0.1:2',
  });
});

test('without the right to write, reads are sent and writes are not', async (t) => {
  const proxy = await apiProxy(t, await sharedCluster());
  let mayWrite = true;
  const client = testClient(t, proxy.kubeconfigPath, { mayWrite: () => mayWrite });
  await username(client);
  mayWrite = false;
  await assert.rejects(username(client), { kind: 'NotLeading' });
  await readDefault(client);
  assert.equal(proxy.requests.length, 2);
});
