import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Connector } from '@google-cloud/cloud-sql-connector';
import { GoogleAuth } from 'google-auth-library';
import { sqladmin_v1, sqladmin_v1beta4 } from 'googleapis/build/src/apis/sqladmin/index.js';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { startServerProxy } from '../../cloudsql-emulator/server-proxy.ts';
import { findOrBuildAuthProxy } from '../../cluster/binaries.ts';
import { logToStderr } from '../../cluster/log.ts';
import { afterwards } from '../../support/afterwards.ts';
import { startAuthProxy } from './auth-proxy.ts';
import { caOf, done } from './client.ts';

const project = 'clients';
const instance = 'db';
const ref = { project, instance };
const scopes = ['https://www.googleapis.com/auth/sqlservice.admin'];
const authProxyUser = 'auth-proxy@example.com';

/** Linux has all of 127.0.0.0/8, and process ids of 22 bits at most: each process that runs has an address of its own. */
const ownAddress = (pid: number): string => `127.${64 + (pid >> 16)}.${(pid >> 8) & 255}.${pid & 255}`;

// Connectors know port 3307 only, so tests of one file hold it in turn, and test runs side by side each hold their own.
const ipAddress = process.platform === 'linux' ? ownAddress(process.pid) : '127.0.0.1';

let emulator: Emulator;
let home: string;
let authProxyProgram: string;

before(async () => {
  // Before HOME is another, which would hide the caches of the project and of Go.
  authProxyProgram = await findOrBuildAuthProxy({ log: logToStderr });
  home = await mkdtemp(join(tmpdir(), 'google-clients-'));
  emulator = await startEmulator({
    project,
    instances: [{ project, name: instance, ipAddress }],
    plan: { pendingMs: 10, runningMs: 10 },
  });
  // Credentials of whoever runs the tests must not be found.
  process.env.HOME = home;
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.GCE_METADATA_HOST = emulator.metadataHost;
});

after(async () => {
  await Promise.all([emulator.stop(), rm(home, { recursive: true })]);
});

const sqladmin = () =>
  new sqladmin_v1.Sqladmin({ auth: new GoogleAuth({ scopes }), rootUrl: `${emulator.apiUrl}/`, retry: false });

test('Application Default Credentials find project, account and token at the metadata server', async () => {
  const auth = new GoogleAuth({ scopes });
  assert.equal(await auth.getProjectId(), project);
  assert.equal((await auth.getCredentials()).client_email, emulator.email);
  assert.match((await auth.getAccessToken()) ?? '', /^ya29\./);
});

test('the metadata server answers those only who ask in its flavour', async () => {
  const url = `http://${emulator.metadataHost}/computeMetadata/v1/instance/service-accounts/default/token`;
  assert.equal((await fetch(url)).status, 403);
  const answer = await fetch(url, { headers: { 'Metadata-Flavor': 'Google' } });
  assert.deepEqual([answer.status, answer.headers.get('metadata-flavor')], [200, 'Google']);
});

test('the metadata server gives a new token once the old one is revoked', async () => {
  const url = `http://${emulator.metadataHost}/computeMetadata/v1/instance/service-accounts/default/token`;
  const token = async () => (await fetch(url, { headers: { 'Metadata-Flavor': 'Google' } })).text();
  const first = JSON.parse(await token()).access_token;
  assert.equal(JSON.parse(await token()).access_token, first);
  emulator.revokeTokens(emulator.email);
  assert.notEqual(JSON.parse(await token()).access_token, first);
});

test("Google's API client resets, follows the operation and reads the new CA", async () => {
  const { instances, operations } = sqladmin();
  const { data: begun } = await instances.resetSslConfig({ ...ref, mode: 'ALL' });
  const name = begun.name ?? '';
  await done(emulator, project, name);
  const { data: ended } = await operations.get({ project, operation: name });
  const { data: cas } = await instances.listServerCas(ref);
  assert.deepEqual([begun.status, ended.status, ended.user], ['PENDING', 'DONE', emulator.email]);
  assert.equal(cas.activeVersion, caOf(emulator, project, instance));
  assert.equal(cas.certs?.[0]?.sha1Fingerprint, cas.activeVersion);
});

const versions = [
  { version: 'v1', api: sqladmin },
  {
    version: 'v1beta4',
    api: () =>
      new sqladmin_v1beta4.Sqladmin({ auth: new GoogleAuth({ scopes }), rootUrl: `${emulator.apiUrl}/`, retry: false }),
  },
] as const;

/** Resolves when the operation that a call answered is DONE. */
const completed = ({ data }: { readonly data: sqladmin_v1.Schema$Operation }): Promise<void> =>
  done(emulator, project, data.name ?? '');

for (const { version, api } of versions) {
  test(`Google's API client of ${version} adds a CA, rotates to it by its fingerprint, and back`, async () => {
    const of = { project, instance: `rotated-${version}` };
    await emulator.createInstance({ name: of.instance });
    const { instances } = api();
    const first = caOf(emulator, project, of.instance);
    await completed(await instances.addServerCa(of));
    const { data } = await instances.listServerCas(of);
    const nextVersion = data.certs?.at(-1)?.sha1Fingerprint;
    assert.equal(data.activeVersion, first);
    assert.notEqual(nextVersion, first);
    for (const next of [nextVersion, first]) {
      const requestBody = { rotateServerCaContext: { ...(next && { nextVersion: next }) } };
      await completed(await instances.rotateServerCa({ ...of, requestBody }));
      assert.equal((await instances.listServerCas(of)).data.activeVersion, next);
    }
  });

  test(`Google's API client of ${version} adds and rotates the server certificate of a CA service`, async () => {
    const of = { project, instance: `renewed-${version}` };
    await emulator.createInstance({ name: of.instance, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
    const { instances } = api();
    await completed(await instances.addServerCertificate(of));
    const { data } = await instances.ListServerCertificates(of);
    const nextVersion = data.serverCerts?.at(-1)?.sha1Fingerprint ?? '';
    assert.notEqual(data.activeVersion, nextVersion);
    const requestBody = { rotateServerCertificateContext: { nextVersion } };
    await completed(await instances.RotateServerCertificate({ ...of, requestBody }));
    assert.equal((await instances.ListServerCertificates(of)).data.activeVersion, nextVersion);
  });
}

test("Google's API client understands the errors", async () => {
  emulator.order({
    api: 'resetSslConfig',
    answer: { kind: 'Error', executed: false, code: 403, reason: 'rateLimitExceeded', message: 'too fast' },
  });
  await assert.rejects(sqladmin().instances.resetSslConfig(ref), { status: 403, message: 'too fast' });
});

test('a client certificate is listed until it is deleted', async () => {
  const { sslCerts } = sqladmin();
  const { data } = await sslCerts.insert({ ...ref, requestBody: { commonName: 'app' } });
  await done(emulator, project, data.operation?.name ?? '');
  assert.match(data.clientCert?.certPrivateKey ?? '', /BEGIN RSA PRIVATE KEY/);
  const sha1Fingerprint = data.clientCert?.certInfo?.sha1Fingerprint ?? '';
  assert.equal((await sslCerts.get({ ...ref, sha1Fingerprint })).data.commonName, 'app');
  const { data: deletion } = await sslCerts.delete({ ...ref, sha1Fingerprint });
  await done(emulator, project, deletion.name ?? '');
  assert.equal((await sslCerts.list(ref)).data.items, undefined);
});

/** What connectors find on port 3307 of the instance, for as long as the test runs. */
const openToConnectors = async (t: TestContext, name: string): Promise<void> => {
  const server = await startServerProxy(emulator.instance(project, name));
  afterwards(t, () => server.stop());
};

const nodeConnector = async (t: TestContext, name: string): Promise<() => Socket> => {
  const connector = new Connector({ sqlAdminAPIEndpoint: `${emulator.apiUrl}/` });
  afterwards(t, () => connector.close());
  const { stream } = await connector.getOptions({ instanceConnectionName: `${project}:europe-west1:${name}` });
  return stream;
};

const authProxy = async (t: TestContext, name: string): Promise<() => Socket> => {
  const { port, stop } = await startAuthProxy({
    program: authProxyProgram,
    apiUrl: emulator.apiUrl,
    token: emulator.token(authProxyUser),
    connectionName: `${project}:europe-west1:${name}`,
  });
  afterwards(t, stop);
  return () => connect(port, '127.0.0.1');
};

/** Whether the server lets the connection in: it greets with a byte. */
const isGreeted = async (socket: Socket): Promise<boolean> => {
  try {
    for await (const chunk of socket) {
      return String(chunk) === '.';
    }
  } catch {
    // The failed connection is what is counted.
  }
  return false;
};

/** How many connections fail before one is let in: what a pool goes through, and what the client learns from. */
const failuresBeforeGreeting = async (open: () => Socket): Promise<number> => {
  let failures = 0;
  while (!(await isGreeted(open()))) {
    failures += 1;
  }
  return failures;
};

interface KeptConnection {
  /** Resolves when it ends. */
  readonly broken: Promise<unknown>;
  readonly isOpen: () => boolean;
}

/** A connection that is in. */
const keptConnection = async (open: () => Socket): Promise<KeptConnection> => {
  const socket = open();
  socket.on('error', () => undefined);
  await once(socket, 'data');
  return { broken: once(socket, 'close'), isOpen: () => !socket.destroyed };
};

const reset = async (name: string): Promise<void> => {
  const { data } = await sqladmin().instances.resetSslConfig({ project, instance: name });
  await done(emulator, project, data.name ?? '');
};

/** How often the account asked how to connect: connectors do so when they begin, and when they recover. */
const timesAsked = (name: string, user: string): number =>
  emulator.journal
    .entries({ project, instance: name })
    .filter((entry) => entry.api === 'generateEphemeralCert' && entry.user === user).length;

interface Recovery {
  readonly authProxy: number;
  readonly connector: number;
  /** How often each asked, once to begin with. */
  readonly asked: readonly [number, number];
}

/** Two clients are connected, the instance gets other certificates: answers how they are let in again. */
const recoveryFrom = async (
  t: TestContext,
  name: string,
  change: (kept: readonly KeptConnection[]) => Promise<void>,
): Promise<Recovery> => {
  await openToConnectors(t, name);
  const [throughProxy, throughConnector] = [await authProxy(t, name), await nodeConnector(t, name)];
  const kept = [await keptConnection(throughProxy), await keptConnection(throughConnector)];
  await change(kept);
  // The connector refreshes behind its first failed connection, while the proxy recovers here. A second failure would
  // have it refresh again half a minute later, and its timer keep the process from ending.
  const isIn = await isGreeted(throughConnector());
  const proxyFailures = await failuresBeforeGreeting(throughProxy);
  const connectorFailures = isIn ? 0 : 1 + (await failuresBeforeGreeting(throughConnector));
  return {
    authProxy: proxyFailures,
    connector: connectorFailures,
    asked: [timesAsked(name, authProxyUser), timesAsked(name, emulator.email)],
  };
};

/** Both lose their connection. */
const recoveryFromReset = (t: TestContext, name: string): Promise<Recovery> =>
  recoveryFrom(t, name, async (kept) => {
    await reset(name);
    await Promise.all(kept.map(({ broken }) => broken));
  });

// A client that never recovers is a failure, not a hang.
const patience = { timeout: 60_000 };

test(
  'Auth Proxy and Node connector lose their connections to a reset, and learn the new CA from a failed one',
  patience,
  async (t) => {
    const name = 'own-ca';
    await emulator.createInstance({ name, ipAddress });
    const { authProxy: proxyFailures, connector, asked } = await recoveryFromReset(t, name);
    assert.equal(proxyFailures, 1);
    // It refreshes while its caller goes on: what is tried meanwhile fails as well.
    assert.ok(connector >= 1);
    assert.deepEqual(asked, [2, 2]);
  },
);

test(
  'with a CA service Auth Proxy and Node connector are let in after a reset without a failed connection',
  patience,
  async (t) => {
    const name = 'ca-service';
    await emulator.createInstance({ name, ipAddress, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
    const { authProxy: proxyFailures, connector, asked } = await recoveryFromReset(t, name);
    assert.deepEqual([proxyFailures, connector], [0, 0]);
    const [byProxy, byConnector = 0] = asked;
    assert.equal(byProxy, 1);
    // The connector asks once more where the end of its connection reaches it as an error, and not as an end.
    assert.ok(byConnector === 1 || byConnector === 2, `the connector asked ${byConnector} times`);
  },
);

test(
  'Auth Proxy and Node connector keep their connections over a rotation, and learn the new CA from a failed one',
  patience,
  async (t) => {
    const name = 'rotated';
    await emulator.createInstance({ name, ipAddress });
    const { instances } = sqladmin();
    let connections: readonly KeptConnection[] = [];
    const { authProxy: proxyFailures, asked } = await recoveryFrom(t, name, async (kept) => {
      connections = kept;
      await completed(await instances.addServerCa({ project, instance: name }));
      await completed(await instances.rotateServerCa({ project, instance: name }));
    });
    assert.equal(proxyFailures, 1);
    assert.deepEqual(asked, [2, 2]);
    assert.deepEqual(
      connections.map(({ isOpen }) => isOpen()),
      [true, true],
    );
  },
);

test('clients that begin after a reset are let in at once', patience, async (t) => {
  await reset(instance);
  await openToConnectors(t, instance);
  for (const open of [await authProxy(t, instance), await nodeConnector(t, instance)]) {
    assert.equal(await isGreeted(open()), true);
  }
});
