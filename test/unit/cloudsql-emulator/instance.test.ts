import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { Instance } from '../../cloudsql-emulator/instance.ts';
import type { InstanceOptions } from '../../cloudsql-emulator/instance-settings.ts';
import { instanceSchema } from '../../cloudsql-emulator/instance-settings.ts';

const create = (options: Partial<InstanceOptions> = {}) =>
  Instance.create(instanceSchema.parse({ project: 'p', name: 'i', ...options }));

const caOf = ({ active }: Instance): string | undefined => active?.authority.certificate.sha1Fingerprint;

const reset = async (instance: Instance): Promise<void> => (await instance.prepareReset())();

test('a reset makes a new CA and a server certificate under it', async () => {
  const instance = await create();
  const before = instance.serverTls;
  await reset(instance);
  const after = instance.serverTls;
  assert.ok(before && after);
  assert.notEqual(after.serverCa, before.serverCa);
  const ca = new X509Certificate(after.serverCa);
  assert.ok(new X509Certificate(after.certificate).verify(ca.publicKey));
});

test('a reset deletes all client certificates', async () => {
  const instance = await create();
  await instance.addClientCertificate('app');
  await reset(instance);
  assert.deepEqual(instance.clientCertificates, []);
});

test('a reset that is being prepared has changed nothing', async () => {
  const instance = await create();
  const before = caOf(instance);
  await instance.prepareReset();
  assert.equal(caOf(instance), before);
});

test('a reset and a restart break connections, a new client certificate does not', async () => {
  const instance = await create();
  const broken: boolean[] = [];
  instance.changes.on('tls', ({ breaksConnections }) => broken.push(breaksConnections));
  await instance.addClientCertificate('app');
  await reset(instance);
  instance.restart();
  assert.deepEqual(broken, [false, true, true]);
});

test('First Generation: a reset lists the new CA and takes effect with the restart', async () => {
  const instance = await create({ backendType: 'FIRST_GEN' });
  await instance.addClientCertificate('app');
  const before = instance.serverTls;
  await reset(instance);
  assert.deepEqual(instance.serverTls, before);
  assert.equal(instance.identities.length, 2);
  instance.restart();
  assert.notEqual(instance.serverTls?.serverCa, before?.serverCa);
  assert.equal(instance.serverTls?.clientCas.length, 1);
  assert.equal(instance.identities.length, 1);
});

test('First Generation: a restart without a reset changes no certificate', async () => {
  const instance = await create({ backendType: 'FIRST_GEN' });
  const before = instance.serverTls;
  instance.restart();
  assert.deepEqual(instance.serverTls, before);
});

test('with a CA service a reset renews the server certificate and leaves the CA alone', async () => {
  const service = await createAuthority('Google Cloud SQL Root CA');
  const settings = instanceSchema.parse({ project: 'p', name: 'i', serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
  const instance = await Instance.create(settings, service);
  const before = instance.serverTls;
  await reset(instance);
  assert.equal(instance.serverTls?.serverCa, before?.serverCa);
  assert.notEqual(instance.serverTls?.certificate, before?.certificate);
});

test('an instance without a server certificate gets one by a reset', async () => {
  const instance = await create({ hasServerCertificate: false });
  assert.equal(instance.serverTls, undefined);
  await reset(instance);
  assert.ok(instance.serverTls);
});

test('deleting one client certificate locks out that one alone', async () => {
  const instance = await create();
  const [kept, deleted] = [await instance.addClientCertificate('kept'), await instance.addClientCertificate('deleted')];
  instance.removeClientCertificate(deleted.certificate.sha1Fingerprint);
  const isAccepted = (pem: string) =>
    instance.serverTls?.clientCas.some((ca) => new X509Certificate(pem).checkIssued(new X509Certificate(ca)));
  assert.equal(isAccepted(kept.certificate.pem), true);
  assert.equal(isAccepted(deleted.certificate.pem), false);
});

test('two client certificates of one name cannot be', async () => {
  const instance = await create();
  await instance.addClientCertificate('app');
  assert.throws(() => instance.requireRoomFor('app'), { message: /already exists/ });
});

test('a rotation makes the upcoming CA the active one and keeps the former listed', async () => {
  const instance = await create();
  const before = caOf(instance);
  (await instance.prepareUpcoming())();
  assert.equal(caOf(instance), before);
  instance.rotate();
  assert.notEqual(caOf(instance), before);
  assert.deepEqual(instance.identities.map(({ authority }) => authority.certificate.sha1Fingerprint)[1], before);
});
