import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { heldCertificate, secretKeys } from '../../../src/domain/trust/held-certificate.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { toBytes } from '../../support/object-data.ts';
import { adminApi, startCloudSql } from './fixture.ts';

let emulator: Emulator;
let made = 0;
before(async () => {
  emulator = await startCloudSql();
});
after(() => emulator.stop());
afterEach(() => emulator.clearFaults());

async function idle() {
  made += 1;
  const instance = `db-${made}`;
  await emulator.createInstance({ name: instance });
  return { project: emulator.project, instance };
}
const inserts = (instance: string) => emulator.journal.entries({ api: 'sslCerts.insert', instance });

describe('the issue of a client certificate', () => {
  it('the issue of a client certificate gives the certificate with its key, and lists it', async () => {
    const ref = await idle();
    const api = adminApi(emulator.apiUrl);
    const answer = await (await api.prepareClientCertificate(ref, 'orders  api'))();
    assert.ok(answer.kind === 'Issued');
    const { certificatePem, privateKeyPem, sha1Fingerprint } = answer.certificate;
    const data = { [secretKeys.certificate]: certificatePem, [secretKeys.privateKey]: privateKeyPem };
    assert.equal(heldCertificate(toBytes(data))?.sha1Fingerprint, sha1Fingerprint);
    assert.deepEqual(await api.clientCertificates(ref), [{ commonName: 'orders  api', sha1Fingerprint }]);
  });

  it('the issue of a client certificate gives its key as PKCS#8, though Cloud SQL answers PKCS#1', async () => {
    const answer = await (await adminApi(emulator.apiUrl).prepareClientCertificate(await idle(), 'app'))();
    assert.ok(answer.kind === 'Issued');
    assert.match(answer.certificate.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/);
  });

  it('the issue of a client certificate is sent once, however often that is asked for', async () => {
    const ref = await idle();
    const send = await adminApi(emulator.apiUrl).prepareClientCertificate(ref, 'app');
    assert.equal(inserts(ref.instance).length, 0);
    await Promise.all([send(), send()]);
    assert.equal(inserts(ref.instance).length, 1);
  });

  for (const kind of ['Drop', 'Truncated', 'Malformed'] as const) {
    it(`the issue of a client certificate is lost where the answer is (${kind}), and is not sent again`, async () => {
      const ref = await idle();
      emulator.order({ api: 'sslCerts.insert', instance: ref.instance, answer: { kind, executed: true } });
      const api = adminApi(emulator.apiUrl);
      const answer = await (await api.prepareClientCertificate(ref, 'app'))();
      assert.equal(answer.kind, 'Lost');
      assert.doesNotMatch(JSON.stringify(answer), /KEY|BEGIN/);
      await api.instance(ref);
      assert.equal(inserts(ref.instance).length, 1);
    });
  }

  it('the issue of a client certificate is refused where the name is taken', async () => {
    const ref = await idle();
    await emulator.instance(ref.project, ref.instance).addClientCertificate('app');
    const answer = await (await adminApi(emulator.apiUrl).prepareClientCertificate(ref, 'app'))();
    assert.ok(answer.kind === 'Rejected');
    assert.equal(answer.code, 409);
  });
});

describe('the deletion of a client certificate', () => {
  it('the deletion of a client certificate deletes that one alone', async () => {
    const ref = await idle();
    const instance = emulator.instance(ref.project, ref.instance);
    const [one, other] = [await instance.addClientCertificate('one'), await instance.addClientCertificate('other')];
    const send = await adminApi(emulator.apiUrl).prepareClientCertificateDeletion(ref, one.certificate.sha1Fingerprint);
    assert.equal(instance.clientCertificates.length, 2);
    await send();
    await emulator.journal.waitFor(({ api, instance: name }) => api === 'sslCerts.delete' && name === ref.instance);
    await doneOperation(ref.instance);
    assert.deepEqual(
      instance.clientCertificates.map(({ sha1Fingerprint }) => sha1Fingerprint),
      [other.certificate.sha1Fingerprint],
    );
  });

  it('the deletion of a client certificate says where there is none', async () => {
    const send = await adminApi(emulator.apiUrl).prepareClientCertificateDeletion(await idle(), 'abc');
    await assert.rejects(send(), { kind: 'NotFound' });
  });
});

function doneOperation(instance: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isDone = () => emulator.operations.all().some((one) => one.instance === instance && one.status === 'DONE');
  emulator.operations.changes.on('change', () => isDone() && resolve());
  if (isDone()) resolve();
  return promise;
}
