import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Connector } from '@google-cloud/cloud-sql-connector';
import { GoogleAuth } from 'google-auth-library';
import { sqladmin_v1 } from 'googleapis/build/src/apis/sqladmin/index.js';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import type { ServerProxy } from '../../cloudsql-emulator/server-proxy.ts';
import { startServerProxy } from '../../cloudsql-emulator/server-proxy.ts';
import { caOf, done } from './client.ts';

const project = 'clients';
const instance = 'db';
const ref = { project, instance };
const scopes = ['https://www.googleapis.com/auth/sqlservice.admin'];
// Connectors know port 3307 only; where loopback has many addresses, runs at the same time take one each.
const ipAddress = process.platform === 'linux' ? `127.0.${randomInt(1, 255)}.${randomInt(2, 255)}` : '127.0.0.1';

let emulator: Emulator;
let proxy: ServerProxy;
let home: string;

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'google-clients-'));
  emulator = await startEmulator({
    project,
    instances: [{ project, name: instance, ipAddress }],
    plan: { pendingMs: 10, runningMs: 10 },
  });
  proxy = await startServerProxy(emulator.instance(project, instance));
  // Credentials of whoever runs the tests must not be found.
  process.env.HOME = home;
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.GCE_METADATA_HOST = emulator.metadataHost;
});

after(async () => {
  await Promise.all([proxy.stop(), emulator.stop(), rm(home, { recursive: true })]);
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

const connectAndRead = async (stream: () => Socket): Promise<string> => {
  const socket = stream();
  const [chunk] = await once(socket, 'data');
  socket.destroy();
  return String(chunk);
};

test('the Node connector gets in, and a reset breaks its connections', async () => {
  const connector = new Connector({ sqlAdminAPIEndpoint: `${emulator.apiUrl}/` });
  try {
    const { stream } = await connector.getOptions({ instanceConnectionName: `${project}:europe-west1:${instance}` });
    assert.equal(await connectAndRead(stream), '.');
    const kept = stream();
    await once(kept, 'data');
    const broken = once(kept, 'close');
    const { data } = await sqladmin().instances.resetSslConfig(ref);
    await done(emulator, project, data.name ?? '');
    await broken;
  } finally {
    connector.close();
  }
});

test('a connector of after the reset gets in with the new CA', async () => {
  const connector = new Connector({ sqlAdminAPIEndpoint: `${emulator.apiUrl}/` });
  try {
    const { stream } = await connector.getOptions({ instanceConnectionName: `${project}:europe-west1:${instance}` });
    assert.equal(await connectAndRead(stream), '.');
  } finally {
    connector.close();
  }
});
