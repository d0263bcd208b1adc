import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { caOf } from './client.ts';
import { type Gcloud, gcloudOf, isInstalled } from './gcloud.ts';

const project = 'gcloud-project';

const gcloudSuite = () => {
  let emulator: Emulator;
  let gcloud: Gcloud['sql'];
  let folder: string;
  let remove: Gcloud['remove'];

  before(async () => {
    emulator = await startEmulator({ project, plan: { pendingMs: 100, runningMs: 100 } });
    ({ sql: gcloud, folder, remove } = await gcloudOf(emulator));
  });

  after(() => Promise.all([emulator.stop(), remove()]));

  const create = (name: string) => emulator.createInstance({ name });

  test('reset-ssl-config waits for its operation, after which the CA is new', async () => {
    await create('reset');
    const former = caOf(emulator, project, 'reset');
    await gcloud('instances', 'reset-ssl-config', 'reset');
    assert.notEqual(caOf(emulator, project, 'reset'), former);
    assert.equal(emulator.journal.executedResets(project, 'reset').length, 1);
  });

  test('operations list and operations wait agree on how it ended', async () => {
    await create('operations');
    await gcloud('instances', 'reset-ssl-config', 'operations', '--async');
    const format = '--format=value(name,operationType)';
    const [name = '', type] = (await gcloud('operations', 'list', '-i', 'operations', format)).split('\t');
    assert.equal(type, 'UPDATE');
    assert.equal(await gcloud('operations', 'wait', name, '--format=value(status)'), 'DONE');
  });

  test('a client certificate is created with its key, and listed', async () => {
    await create('certificates');
    const keyFile = join(folder, 'key.pem');
    await gcloud('ssl', 'client-certs', 'create', 'app', keyFile, '-i', 'certificates');
    assert.match(await readFile(keyFile, 'utf8'), /BEGIN RSA PRIVATE KEY/);
    const listed = await gcloud('ssl', 'client-certs', 'list', '-i', 'certificates', '--format=value(commonName)');
    assert.equal(listed, 'app');
  });

  test('describe and server-ca-certs list show the same CA', async () => {
    await create('ca');
    const format = '--format=value(serverCaCert.sha1Fingerprint)';
    const described = await gcloud('instances', 'describe', 'ca', format);
    const listed = await gcloud('ssl', 'server-ca-certs', 'list', '-i', 'ca', '--format=value(sha1Fingerprint)');
    assert.deepEqual([described, listed], [caOf(emulator, project, 'ca'), caOf(emulator, project, 'ca')]);
  });

  test('server-certs list shows the certificate of a CA service, and after a reset another of the same CA', async () => {
    await emulator.createInstance({ name: 'service', serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
    const listed = (certificates: string, field: string) =>
      gcloud('ssl', certificates, 'list', '-i', 'service', `--format=value(${field})`);
    const server = () => emulator.instance(project, 'service').active?.server.certificate.sha1Fingerprint;
    const ca = caOf(emulator, project, 'service');
    const former = server();
    assert.equal(await listed('server-certs', 'ssl_cert.sha1Fingerprint,status'), `${former}\tActive`);
    await gcloud('instances', 'reset-ssl-config', 'service');
    assert.notEqual(server(), former);
    const both = 'ssl_cert.sha1Fingerprint,ca_cert.sha1Fingerprint';
    assert.equal(await listed('server-certs', both), `${server()}\t${ca}`);
    assert.equal(await listed('server-ca-certs', 'sha1Fingerprint'), ca);
  });

  test('server-certs list is refused where the instance has a CA of its own', async () => {
    await create('no-service');
    await assert.rejects(gcloud('ssl', 'server-certs', 'list', '-i', 'no-service'), { message: /HTTPError 400/ });
  });

  test('a client certificate is refused under a name that is taken, and made again once that one is deleted', async () => {
    await create('names');
    const make = (file: string) => gcloud('ssl', 'client-certs', 'create', 'app', join(folder, file), '-i', 'names');
    const fingerprint = () => emulator.instance(project, 'names').clientCertificates[0]?.sha1Fingerprint;
    await make('first.pem');
    const former = fingerprint();
    await assert.rejects(make('second.pem'), { message: /HTTPError 409/ });
    await gcloud('ssl', 'client-certs', 'delete', 'app', '-i', 'names');
    assert.equal(fingerprint(), undefined);
    await make('third.pem');
    assert.notEqual(fingerprint(), former);
  });

  test('a failed operation is reported with its code and message', async () => {
    await create('failing');
    const error = { code: 'INTERNAL_ERROR', message: 'ordered' };
    emulator.order({ api: 'resetSslConfig', instance: 'failing', operation: { error } });
    await assert.rejects(gcloud('instances', 'reset-ssl-config', 'failing'), { message: /\[INTERNAL_ERROR\] ordered/ });
  });

  test('a busy instance is reported as such', async () => {
    await create('busy');
    emulator.foreignOperation({ project, instance: 'busy', user: 'x@example.com', plan: { runningMs: 3_600_000 } });
    const refused = { message: /another operation was already in progress/ };
    await assert.rejects(gcloud('instances', 'reset-ssl-config', 'busy'), refused);
  });

  test('a dropped connection makes gcloud reset a second time: the hazard that the operator must not have', async () => {
    await create('twice');
    const operation = { pendingMs: 0, runningMs: 500 };
    emulator.order({
      api: 'resetSslConfig',
      instance: 'twice',
      operation,
      answer: { kind: 'Drop', executed: true, whenDone: true },
    });
    await gcloud('instances', 'reset-ssl-config', 'twice');
    assert.equal(emulator.journal.executedResets(project, 'twice').length, 2);
  });
};

if (await isInstalled()) {
  // gcloud takes seconds to start and waits more than it computes.
  suite('gcloud agrees with the emulator', { concurrency: 3 }, gcloudSuite);
} else {
  test('without gcloud its opinion of the emulator is not asked', (t) => {
    t.diagnostic('gcloud is not installed: the other clients judge the emulator alone');
  });
}
