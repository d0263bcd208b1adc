import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { call, caOf, done, errorOf, listOf, operationOf } from './client.ts';

const project = 'p';
let emulator: Emulator;

before(async () => {
  emulator = await startEmulator({ project, plan: { pendingMs: 20, runningMs: 20 } });
});

after(() => emulator.stop());

const create = async (name: string, more: object = {}) => {
  await emulator.createInstance({ name, ...more });
  return `/v1/projects/${project}/instances/${name}`;
};

const post = (path: string, body?: object) => call(emulator, path, { method: 'POST', ...(body ? { body } : {}) });

test('a reset is an UPDATE by the caller that ends DONE with a new CA and no client certificates', async () => {
  const path = await create('whole');
  await emulator.instance(project, 'whole').addClientCertificate('app');
  const former = caOf(emulator, project, 'whole');
  const begun = operationOf(await post(`${path}/resetSslConfig?mode=ALL`));
  assert.deepEqual(
    [begun.operationType, begun.user, begun.targetId, begun.targetProject],
    ['UPDATE', emulator.email, 'whole', project],
  );
  assert.equal(caOf(emulator, project, 'whole'), former);
  await done(emulator, project, begun.name);
  assert.notEqual(caOf(emulator, project, 'whole'), former);
  assert.deepEqual(JSON.parse((await call(emulator, `${path}/sslCerts`)).text), { kind: 'sql#sslCertsList' });
});

test('a second operation is refused until the first one is DONE', async () => {
  const path = await create('busy');
  const { name } = operationOf(await post(`${path}/resetSslConfig`));
  assert.deepEqual(errorOf(await post(`${path}/restart`)), [409, 'operationInProgress']);
  await done(emulator, project, name);
  assert.equal((await post(`${path}/restart`)).status, 200);
});

test('two resets at the same moment: one is accepted', async () => {
  const path = await create('race');
  const answers = await Promise.all([post(`${path}/resetSslConfig`), post(`${path}/resetSslConfig`)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  assert.equal(emulator.journal.executedResets(project, 'race').length, 1);
});

test('a stopped instance and one in maintenance refuse a reset', async () => {
  const paths = [await create('stopped', { activationPolicy: 'NEVER' }), await create('m', { state: 'MAINTENANCE' })];
  for (const path of paths) {
    assert.deepEqual(errorOf(await post(`${path}/resetSslConfig`)), [409, 'invalidState']);
  }
});

test('SYNC_FROM_PRIMARY is for replicas and leaves the CA alone', async () => {
  const mode = 'resetSslConfig?mode=SYNC_FROM_PRIMARY';
  assert.deepEqual(errorOf(await post(`${await create('primary')}/${mode}`)), [400, 'invalidRequest']);
  const path = await create('replica', { primary: 'primary' });
  const former = caOf(emulator, project, 'replica');
  await done(emulator, project, operationOf(await post(`${path}/${mode}`)).name);
  assert.equal(caOf(emulator, project, 'replica'), former);
});

test('First Generation: a restart is an operation of type RESTART and makes the new CA the active one', async () => {
  const path = await create('first-gen', { backendType: 'FIRST_GEN' });
  const former = caOf(emulator, project, 'first-gen');
  await done(emulator, project, operationOf(await post(`${path}/resetSslConfig`)).name);
  assert.equal(caOf(emulator, project, 'first-gen'), former);
  const restart = operationOf(await post(`${path}/restart`));
  await done(emulator, project, restart.name);
  assert.equal(restart.operationType, 'RESTART');
  assert.notEqual(caOf(emulator, project, 'first-gen'), former);
});

test('what does not exist is 404 with its reason', async () => {
  const path = await create('there');
  const missing = await call(emulator, `/v1/projects/${project}/instances/missing`);
  assert.deepEqual(errorOf(missing), [404, 'instanceDoesNotExist']);
  const certificate = await call(emulator, `${path}/sslCerts/00ff`);
  assert.deepEqual(errorOf(certificate), [404, 'sslCertificateDoesNotExist']);
  const operation = await call(emulator, `/v1/projects/${project}/operations/none`);
  assert.deepEqual(errorOf(operation), [404, 'operationDoesNotExist']);
});

test('a token that nobody issued is refused with 401', async () => {
  const path = await create('guarded');
  assert.deepEqual(errorOf(await call(emulator, path, { token: 'made-up' })), [401, 'authError']);
});

test('an account that is denied one permission is refused that call alone', async () => {
  const path = await create('denied');
  const email = 'reader@example.com';
  emulator.putAccount({ email, denied: ['cloudsql.instances.resetSslConfig'] });
  const token = emulator.token(email);
  const refused = await call(emulator, `${path}/resetSslConfig`, { method: 'POST', token });
  assert.deepEqual(errorOf(refused), [403, 'notAuthorized']);
  assert.equal((await call(emulator, path, { token })).status, 200);
});

test('operations are read page by page, each once', async () => {
  await create('pages');
  const foreign = { project, instance: 'pages', user: 'x@example.com', done: true };
  const started = [5, 4, 3, 2, 1].map((age) => emulator.foreignOperation({ ...foreign, insertedAgoMs: age * 1000 }));
  await Promise.all(started.map(({ finished }) => finished));
  const names: string[] = [];
  let token = '';
  do {
    const query = `instance=pages&maxResults=2${token && `&pageToken=${token}`}`;
    const { items, nextPageToken = '' } = listOf(await call(emulator, `/v1/projects/${project}/operations?${query}`));
    names.push(...items.map(({ name }) => name));
    token = nextPageToken;
  } while (token !== '');
  const newestFirst = started.map(({ operation }) => operation.name).reverse();
  assert.deepEqual(names, newestFirst);
});

test('two client certificates of one name: the second is refused', async () => {
  const path = await create('certificates');
  assert.equal((await post(`${path}/sslCerts`, { commonName: 'app' })).status, 200);
  assert.deepEqual(errorOf(await post(`${path}/sslCerts`, { commonName: 'app' })), [
    409,
    'sslCertificateAlreadyExists',
  ]);
});

test('an eleventh client certificate is refused', async () => {
  const path = await create('full');
  const instance = emulator.instance(project, 'full');
  await Promise.all(Array.from({ length: 10 }, (_, index) => instance.addClientCertificate(`app-${index}`)));
  assert.deepEqual(errorOf(await post(`${path}/sslCerts`, { commonName: 'app' })), [400, 'invalidRequest']);
});

const insertedSchema = z.object({
  operation: z.object({ name: z.string(), operationType: z.string(), user: z.string() }),
  clientCert: z.object({ certInfo: z.object({ sha1Fingerprint: z.string() }) }),
});

test('a new client certificate is listed before its operation, an UPDATE by the caller, is DONE, and let in from then on', async () => {
  const path = await create('issuing');
  const instance = emulator.instance(project, 'issuing');
  const letInBefore = instance.serverTls?.clientCas.length ?? 0;
  const seen: (readonly [string, number, number])[] = [];
  const look = ({ instance: of, status }: { readonly instance: string; readonly status: string }) => {
    const letIn = (instance.serverTls?.clientCas.length ?? 0) - letInBefore;
    if (of === 'issuing') seen.push([status, instance.clientCertificates.length, letIn]);
  };
  emulator.operations.changes.on('change', look);
  const { operation, clientCert } = insertedSchema.parse(
    JSON.parse((await post(`${path}/sslCerts`, { commonName: 'app' })).text),
  );
  await done(emulator, project, operation.name);
  emulator.operations.changes.off('change', look);
  assert.deepEqual([operation.operationType, operation.user], ['UPDATE', emulator.email]);
  assert.equal(clientCert.certInfo.sha1Fingerprint, instance.clientCertificates[0]?.sha1Fingerprint);
  assert.deepEqual(seen, [
    ['RUNNING', 1, 0],
    ['DONE', 1, 1],
  ]);
});

test('a client certificate is neither made nor deleted while an operation runs', async () => {
  const path = await create('occupied');
  const { sha1Fingerprint } = (await emulator.instance(project, 'occupied').addClientCertificate('app')).certificate;
  emulator.foreignOperation({ project, instance: 'occupied', user: 'x@example.com', plan: { runningMs: 3_600_000 } });
  const busy = [409, 'operationInProgress'];
  assert.deepEqual(errorOf(await post(`${path}/sslCerts`, { commonName: 'other' })), busy);
  const deletion = await call(emulator, `${path}/sslCerts/${sha1Fingerprint}`, { method: 'DELETE' });
  assert.deepEqual(errorOf(deletion), busy);
});

test('deleting a client certificate that is not there is 404', async () => {
  const path = await create('without');
  const deletion = await call(emulator, `${path}/sslCerts/00ff`, { method: 'DELETE' });
  assert.deepEqual(errorOf(deletion), [404, 'sslCertificateDoesNotExist']);
});

test('a body that cannot be read is refused with 400', async () => {
  const path = await create('bodies');
  assert.deepEqual(errorOf(await post(`${path}/sslCerts`, { name: 'app' })), [400, 'invalidRequest']);
});

test('the certificates of a CA service have a list of their own', async () => {
  const path = await create('service', { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
  const { text } = await call(emulator, `${path}/listServerCertificates`);
  const answer = JSON.parse(text);
  assert.equal(answer.activeVersion, answer.serverCerts[0].sha1Fingerprint);
  assert.equal(answer.caCerts[0].sha1Fingerprint, caOf(emulator, project, 'service'));
});

test('an instance with a CA of its own has no list of server certificates', async () => {
  const path = await create('own-ca');
  assert.deepEqual(errorOf(await call(emulator, `${path}/listServerCertificates`)), [400, 'invalidRequest']);
});
