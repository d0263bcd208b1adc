import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { Certificate } from '../../cloudsql-emulator/certificates.ts';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { Instance } from '../../cloudsql-emulator/instance.ts';
import type { InstanceOptions } from '../../cloudsql-emulator/instance-settings.ts';
import { instanceSchema } from '../../cloudsql-emulator/instance-settings.ts';
import type { ServerIdentity } from '../../cloudsql-emulator/server-identity.ts';

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

const fingerprintOf = (identity: ServerIdentity | undefined): string | undefined => identity?.version.sha1Fingerprint;

const identitiesOf = ({ identities }: Instance): readonly (string | undefined)[] => identities.map(fingerprintOf);

test('a rotation makes the waiting CA the active one and keeps the former listed', async () => {
  const instance = await create();
  const before = caOf(instance);
  await instance.addVersion();
  assert.equal(caOf(instance), before);
  instance.rotate();
  assert.notEqual(caOf(instance), before);
  assert.equal(identitiesOf(instance)[1], before);
});

test('a rotation back makes the former CA the active one, by the certificate that it had signed', async () => {
  const instance = await create();
  const before = instance.serverTls;
  await instance.addVersion();
  instance.rotate();
  instance.rollBack();
  assert.deepEqual(instance.serverTls, before);
  assert.equal(instance.waiting, undefined);
  assert.equal(instance.identities.length, 2);
});

test('a rotation that names no version takes the newest, also where that was switched back from', async () => {
  const instance = await create();
  await instance.addVersion();
  const added = fingerprintOf(instance.waiting);
  instance.rotate();
  instance.rollBack();
  instance.rotate();
  assert.equal(caOf(instance), added);
});

test('a rotation is refused to a CA that is active already, to one that is not listed, and where none waits', async () => {
  const instance = await create();
  const nothing = { message: /no version/ };
  assert.throws(() => instance.rotate(caOf(instance)), nothing);
  assert.throws(() => instance.rotate('00ff'), nothing);
  assert.throws(() => instance.rotate(), nothing);
});

test('a rotation to a CA that was replaced before its operation ended changes nothing', async () => {
  const instance = await create();
  await instance.addVersion();
  const rotate = instance.prepareRotation();
  await instance.addVersion();
  const before = identitiesOf(instance);
  rotate();
  assert.deepEqual(identitiesOf(instance), before);
});

test('a CA that is being prepared is not listed', async () => {
  const instance = await create();
  await instance.prepareVersion();
  assert.equal(instance.waiting, undefined);
});

test('a reset and the restart that completes one leave no other CA listed', async () => {
  for (const backendType of ['SECOND_GEN', 'FIRST_GEN'] as const) {
    const instance = await create({ backendType });
    await instance.addVersion();
    instance.rotate();
    await instance.addVersion();
    await reset(instance);
    instance.restart();
    assert.equal(instance.identities.length, 1, backendType);
  }
});

test('a rotation breaks connections where the instance is made to, and else none', async () => {
  for (const rotationBreaksConnections of [true, false]) {
    const instance = await create({ rotationBreaksConnections });
    const broken: boolean[] = [];
    instance.changes.on('tls', ({ breaksConnections }) => broken.push(breaksConnections));
    await instance.addVersion();
    instance.rotate();
    instance.rollBack();
    assert.deepEqual(broken, [rotationBreaksConnections, rotationBreaksConnections]);
  }
});

test('a CA that was rotated out can leave the list', async () => {
  const instance = await create();
  await instance.addVersion();
  instance.rotate();
  await instance.addVersion();
  const [active, ...others] = [fingerprintOf(instance.active), fingerprintOf(instance.waiting)];
  instance.dropRotatedOut();
  assert.deepEqual(identitiesOf(instance), [active, ...others]);
});

test('an instance without a server certificate has no CA added and rotates to none', async () => {
  const instance = await create({ hasServerCertificate: false });
  const refused = { message: /no server certificate/ };
  await assert.rejects(instance.addVersion(), refused);
  assert.throws(() => instance.rotate(), refused);
});

const day = 86_400_000;

test('a CA and its server certificate live as long as the instance was made for, and the next as long as it was changed to', async () => {
  const instance = await create({ certificateLife: { ageMs: 20 * day, lifetimeMs: 30 * day } });
  instance.update({ certificateLife: { ageMs: 0, lifetimeMs: 3650 * day } });
  await instance.addVersion();
  const daysLeft = ({ expirationTime }: Certificate) => Math.round((Date.parse(expirationTime) - Date.now()) / day);
  const daysOf = (identity: ServerIdentity | undefined) =>
    identity && [daysLeft(identity.authority.certificate), daysLeft(identity.server.certificate)];
  assert.deepEqual(
    [daysOf(instance.active), daysOf(instance.waiting)],
    [
      [10, 10],
      [3650, 3650],
    ],
  );
});

const subjectKeyIdentifier = '2.5.29.14';

test('two CAs of an instance have subjects of their own, each with its key identifier', async () => {
  const instance = await create();
  await instance.addVersion();
  const [one, other] = instance.identities.map(({ authority: { root } }) => root);
  assert.notEqual(one?.subject, other?.subject);
  assert.ok(one?.getExtension(subjectKeyIdentifier));
});

test('where CAs are to have one subject, nothing but their keys tells them apart', async () => {
  const instance = await create({ hasOneSubject: true });
  await instance.addVersion();
  const [one, other] = instance.identities.map(({ authority: { root } }) => root);
  assert.equal(one?.subject, other?.subject);
  assert.notDeepEqual(one?.publicKey.rawData, other?.publicKey.rawData);
  assert.equal(one?.getExtension(subjectKeyIdentifier), null);
});

test('with a CA service a rotation changes the server certificate, which lives a year, and the CA stays', async () => {
  const service = await createAuthority('Google Cloud SQL Root CA');
  const settings = instanceSchema.parse({ project: 'p', name: 'i', serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
  const instance = await Instance.create(settings, service);
  const before = fingerprintOf(instance.active);
  await instance.addVersion();
  instance.rotate(instance.waiting?.server.certificate.sha1Fingerprint);
  assert.equal(caOf(instance), service.certificate.sha1Fingerprint);
  assert.equal(fingerprintOf(instance.rotatedOut), before);
  const { createTime = '', expirationTime = '' } = instance.active?.server.certificate ?? {};
  assert.equal(Math.round((Date.parse(expirationTime) - Date.parse(createTime)) / day), 365);
});
