import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { adminApi, REF, startCloudSql } from './fixture.ts';

let emulator: Emulator;
before(async () => {
  emulator = await startCloudSql({ plan: { pendingMs: 0, runningMs: 0 } });
});
after(() => emulator.stop());
afterEach(() => emulator.clearFaults());

describe('an instance', () => {
  it('an instance is read', async () => {
    const instance = await adminApi(emulator.apiUrl).instance(REF);
    assert.match(instance.serverCaSha1Fingerprint ?? '', /^[0-9a-f]{40}$/);
    assert.partialDeepStrictEqual(instance, {
      state: 'RUNNABLE',
      activationPolicy: 'ALWAYS',
      backendType: 'SECOND_GEN',
      sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
      serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA',
    });
  });

  it('an instance is not found', async () => {
    const missing = { project: REF.project, instance: 'missing' };
    await assert.rejects(adminApi(emulator.apiUrl).instance(missing), { name: 'CloudSqlError', kind: 'NotFound' });
  });

  it('an instance of a domain-scoped project is read', async () => {
    await emulator.createInstance({ project: 'example.com:app', name: 'db' });
    const instance = await adminApi(emulator.apiUrl).instance({ project: 'example.com:app', instance: 'db' });
    assert.equal(instance.state, 'RUNNABLE');
  });
});

describe('the server CAs', () => {
  it('the server CAs begin with the one that the instance has', async () => {
    const api = adminApi(emulator.apiUrl);
    const [active] = await api.serverCas(REF);
    assert.equal(active?.sha1Fingerprint, (await api.instance(REF)).serverCaSha1Fingerprint);
    assert.match(active?.pem ?? '', /-----BEGIN CERTIFICATE-----/);
    assert.ok(active?.commonName && active.createTime && active.expirationTime);
  });

  it('the server CAs of an instance with a CA service are read', async () => {
    const ref = { project: REF.project, instance: 'with-ca-service' };
    await emulator.createInstance({ name: ref.instance, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
    const api = adminApi(emulator.apiUrl);
    const [active, ...others] = await api.serverCas(ref);
    assert.equal(active?.sha1Fingerprint, (await api.instance(ref)).serverCaSha1Fingerprint);
    assert.ok(active?.expirationTime);
    assert.deepEqual(others, []);
  });

  it('the server CAs of an instance with a CA service are read where the list of its own CAs is refused', async () => {
    const ref = { project: REF.project, instance: 'with-customer-ca' };
    await emulator.createInstance({ name: ref.instance, serverCaMode: 'CUSTOMER_MANAGED_CAS_CA' });
    const api = adminApi(emulator.apiUrl);
    const [expected] = await api.serverCas(ref);
    assert.ok(expected);
    emulator.order({
      api: 'listServerCas',
      answer: { kind: 'Error', executed: false, code: 400, reason: 'invalidRequest' },
    });
    assert.deepEqual(await api.serverCas(ref), [expected]);
  });

  it('the server CAs keep to one call for an instance with a CA of its own', async () => {
    const calls = emulator.journal.entries().length;
    await adminApi(emulator.apiUrl).serverCas(REF);
    assert.equal(emulator.journal.entries().length, calls + 1);
  });

  it('the server CAs of an old instance without a server certificate are none', async () => {
    await emulator.createInstance({ name: 'old', hasServerCertificate: false });
    assert.deepEqual(await adminApi(emulator.apiUrl).serverCas({ project: REF.project, instance: 'old' }), []);
  });
});

describe('the server certificate', () => {
  it('the server certificate of an instance with a CA service is another one after a reset', async () => {
    const ref = { project: REF.project, instance: 'renewed' };
    const instance = await emulator.createInstance({ name: ref.instance, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
    const api = adminApi(emulator.apiUrl);
    const before = await api.serverCertificate(ref);
    assert.equal(before, instance.active?.server.certificate.sha1Fingerprint);
    (await instance.prepareReset())();
    const after = await api.serverCertificate(ref);
    assert.ok(after !== undefined && after !== before);
  });

  it('the server certificate is not told of an instance with a CA of its own', async () => {
    assert.equal(await adminApi(emulator.apiUrl).serverCertificate(REF), undefined);
  });
});

describe('the server certificates', () => {
  it('the server certificates of an instance with a CA service are read, each with its CA, and how Cloud SQL rotates them', async () => {
    const ref = { project: REF.project, instance: 'certified' };
    const serverCertificateRotationMode = 'AUTOMATIC_ROTATION_DURING_MAINTENANCE';
    const options = {
      name: ref.instance,
      serverCaMode: 'GOOGLE_MANAGED_CAS_CA',
      serverCertificateRotationMode,
    } as const;
    const instance = await emulator.createInstance(options);
    await instance.addVersion();
    const api = adminApi(emulator.apiUrl);
    const { serverCas, certificates } = await api.serverCertificates(ref);
    const ca = instance.active?.authority.certificate.sha1Fingerprint;
    assert.deepEqual(
      serverCas.map(({ sha1Fingerprint }) => sha1Fingerprint),
      [ca],
    );
    assert.deepEqual(
      certificates.map(({ sha1Fingerprint, serverCaSha1Fingerprint }) => [sha1Fingerprint, serverCaSha1Fingerprint]),
      [instance.active, instance.waiting].map((one) => [one?.server.certificate.sha1Fingerprint, ca]),
    );
    assert.ok(certificates.every(({ createTime, expirationTime }) => createTime && expirationTime));
    assert.equal((await api.instance(ref)).serverCertificateRotationMode, serverCertificateRotationMode);
  });

  it('the server certificates of an instance with a CA of its own are refused', async () => {
    await assert.rejects(adminApi(emulator.apiUrl).serverCertificates(REF), { kind: 'Invalid' });
  });
});

describe('the operations', () => {
  const ref = { project: REF.project, instance: 'busy' };
  const listCalls = () => emulator.journal.entries({ api: 'operations.list', instance: ref.instance }).length;
  before(async () => {
    await emulator.createInstance({ name: ref.instance });
    for (let index = 0; index < 205; index += 1) {
      emulator.foreignOperation({
        ...ref,
        user: 'somebody@example.com',
        done: true,
        insertedAgoMs: (index + 1) * 60_000,
      });
    }
  });

  it('the operations are read page by page, newest first, up to a limit', async () => {
    const before = listCalls();
    const operations = await adminApi(emulator.apiUrl).operations(ref, { limit: 150 });
    assert.equal(operations.length, 150);
    assert.equal(new Set(operations.map(({ name }) => name)).size, 150);
    const times = operations.map(({ insertTime }) => Date.parse(insertTime ?? ''));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    assert.equal(listCalls(), before + 2);
  });

  it('the operations are read until one is known', async () => {
    const all = await adminApi(emulator.apiUrl).operations(ref, { limit: 1000 });
    assert.equal(all.length, 205);
    const before = listCalls();
    const known = all[120]?.name;
    const some = await adminApi(emulator.apiUrl).operations(ref, {
      limit: 1000,
      isKnown: ({ name }) => name === known,
    });
    assert.equal(some.length, 200);
    assert.equal(listCalls(), before + 2);
  });

  it('the operations are read one by one', async () => {
    const [first] = await adminApi(emulator.apiUrl).operations(ref, { limit: 1 });
    assert.ok(first);
    assert.deepEqual(await adminApi(emulator.apiUrl).operation(ref.project, first.name), first);
  });

  it('the operations are not found when they are not there', async () => {
    const missing = adminApi(emulator.apiUrl).operation(ref.project, '00000000-0000-0000-0000-000000000000');
    await assert.rejects(missing, { kind: 'NotFound' });
  });
});

describe('the client certificates', () => {
  it('the client certificates are read', async () => {
    const created = await fetch(`${emulator.apiUrl}/v1/projects/demo-project/instances/db/sslCerts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${emulator.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ commonName: 'app' }),
    });
    assert.equal(created.status, 200);
    const [certificate] = await adminApi(emulator.apiUrl).clientCertificates(REF);
    assert.equal(certificate?.commonName, 'app');
    assert.match(certificate?.sha1Fingerprint ?? '', /^[0-9a-f]{40}$/);
  });
});

describe('a read that fails', () => {
  type OrderedAnswer = NonNullable<FaultOptions['answer']>;
  const error = (code: number, reason: string): OrderedAnswer => ({ kind: 'Error', executed: false, code, reason });
  const cases: readonly (readonly [string, OrderedAnswer, object])[] = [
    [
      'is forbidden',
      error(403, 'notAuthorized'),
      { kind: 'Forbidden', message: '403 notAuthorized: An error that was ordered.' },
    ],
    ['is forbidden without a valid token', error(401, 'authError'), { kind: 'Forbidden' }],
    ['does not find', error(403, 'instanceDoesNotExist'), { kind: 'NotFound' }],
    [
      'is throttled, for as long as the API asks for',
      { kind: 'Error', executed: false, code: 429, reason: 'rateLimitExceeded', headers: { 'Retry-After': '3' } },
      { kind: 'Throttled', retryAfterMs: 3000 },
    ],
    ['is unavailable on a server error', error(503, 'backendError'), { kind: 'Unavailable' }],
    ['is unavailable on a dropped connection', { kind: 'Drop', executed: false }, { kind: 'Unavailable' }],
    ['is unavailable in a body that is no JSON', { kind: 'Malformed', executed: false }, { kind: 'Unavailable' }],
    ['is unavailable in a body that ends early', { kind: 'Truncated', executed: false }, { kind: 'Unavailable' }],
  ];
  for (const [name, answer, expected] of cases) {
    it(`a read that fails: ${name}`, async () => {
      emulator.order({ api: 'instances.get', answer });
      await assert.rejects(adminApi(emulator.apiUrl).instance(REF), { name: 'CloudSqlError', ...expected });
    });
  }

  it('a read that fails is unavailable when nothing comes within the deadline', async () => {
    emulator.order({ api: 'instances.get', answer: { kind: 'Hang', executed: false } });
    await assert.rejects(adminApi(emulator.apiUrl).instance(REF), {
      kind: 'Unavailable',
      message: 'No answer within 10 s',
    });
  });
});
