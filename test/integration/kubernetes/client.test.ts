import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AuthenticationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { call } from '../../../src/kubernetes/api-error.ts';
import type { Client, RequestReport } from '../../../src/kubernetes/client.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { apiProxy } from '../../support/kubernetes/api-proxy.ts';
import { kubeconfigAs, kubeconfigImpersonating } from '../../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { testClient } from '../../support/kubernetes/test-client.ts';

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

const PLUGIN_API = 'client.authentication.k8s.io/v1';

/** A kubeconfig whose user's credentials a shell script prints, which lies beside it. */
async function withScript(t: TestContext, lines: readonly string[], more: object = {}): Promise<string> {
  const { kubeconfigPath } = await sharedCluster();
  const exec = { apiVersion: PLUGIN_API, command: './plugin', interactiveMode: 'Never', ...more };
  const path = await kubeconfigAs(t, kubeconfigPath, { exec });
  await writeFile(join(dirname(path), 'plugin'), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return path;
}

const printing = (status: object): string =>
  `echo '${JSON.stringify({ apiVersion: PLUGIN_API, kind: 'ExecCredential', status })}'`;

test('an exec plugin with a relative path is looked for beside the kubeconfig', async (t) => {
  const { token, user } = await serviceAccount(t, await sharedCluster());
  assert.equal(await username(testClient(t, await withScript(t, [printing({ token })]))), user);
});

test('an exec plugin is told the version that is asked for, and that nobody is there to answer it', async (t) => {
  const { token } = await serviceAccount(t, await sharedCluster());
  const path = await withScript(t, ['echo "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"', printing({ token })]);
  await username(testClient(t, path));
  const info: unknown = JSON.parse(await readFile(join(dirname(path), 'info'), 'utf8'));
  assert.deepEqual(info, { apiVersion: PLUGIN_API, kind: 'ExecCredential', spec: { interactive: false } });
});

test('an exec plugin is asked once while its token is taken, and again after the API server has refused it', async (t) => {
  const { token, user } = await serviceAccount(t, await sharedCluster());
  const path = await withScript(t, [
    'echo >> "$(dirname "$0")/runs"',
    `[ -e "$(dirname "$0")/renewed" ] && { ${printing({ token })}; exit; }`,
    printing({ token: 'stale' }),
  ]);
  const runs = async (): Promise<number> => (await readFile(join(dirname(path), 'runs'), 'utf8')).length;
  const client = testClient(t, path);
  await assert.rejects(username(client), /does not accept the credentials of the operator \(401\)/);
  assert.equal(await runs(), 1);
  await writeFile(join(dirname(path), 'renewed'), '');
  assert.deepEqual([await username(client), await username(client)], [user, user]);
  assert.equal(await runs(), 2);
});

test('an exec plugin is asked again when its token has expired', async (t) => {
  const { token } = await serviceAccount(t, await sharedCluster());
  const expirationTimestamp = '2020-01-01T00:00:00Z';
  const path = await withScript(t, ['echo >> "$(dirname "$0")/runs"', printing({ token, expirationTimestamp })]);
  const client = testClient(t, path);
  await username(client);
  await username(client);
  assert.equal((await readFile(join(dirname(path), 'runs'), 'utf8')).length, 2);
});

test('an exec plugin that hangs is ended with all that it started, and is named', async (t) => {
  const path = await withScript(t, ['sleep 600 > "$(dirname "$0")/alive" &', 'wait']);
  const pipe = join(dirname(path), 'alive');
  execFileSync('mkfifo', [pipe]);
  // It ends when nobody who could write into the pipe lives any more.
  const ended = readFile(pipe);
  const client = testClient(t, path, { requestTimeoutMs: 10_000 });
  await assert.rejects(username(client), { kind: 'Unavailable', message: /the exec plugin .*plugin .* was ended$/ });
  await ended;
});

const bad: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['prints no JSON', ['echo half-a-token'], /printed no ExecCredential/],
  ['prints another version', [`echo '{"apiVersion":"v0","kind":"ExecCredential"}'`], /printed no ExecCredential/],
  ['prints an empty status', [printing({})], /neither a token nor a certificate/],
  ['fails', ['echo half-a-token >&2', 'exit 3'], /ended with code 3/],
];
for (const [what, lines, message] of bad) {
  test(`an exec plugin that ${what} is Unavailable, and nothing of what it printed is kept`, async (t) => {
    await assert.rejects(username(testClient(t, await withScript(t, lines))), (error) => {
      assert.ok(error instanceof KubernetesError && error.kind === 'Unavailable');
      assert.match(error.message, message);
      assert.doesNotMatch(`${error.message} ${error.cause}`, /half-a-token/);
      return true;
    });
  });
}

test('an exec plugin that is not there is named with its hint', async (t) => {
  const path = await withScript(t, [], { command: 'no-such-plugin', installHint: 'Get it from the shop' });
  await assert.rejects(username(testClient(t, path)), {
    message:
      'no credentials for the API server: the exec plugin no-such-plugin cannot be started: Get it from the shop',
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
