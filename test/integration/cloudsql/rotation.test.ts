import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { CallResult } from '../../../src/domain/call/result.ts';
import type { InstanceRef } from '../../../src/domain/instance.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { adminApi, REF, startCloudSql } from './fixture.ts';

let emulator: Emulator;
let made = 0;
before(async () => {
  emulator = await startCloudSql();
});
after(() => emulator.stop());
afterEach(() => emulator.clearFaults());

type Mode = 'GOOGLE_MANAGED_INTERNAL_CA' | 'GOOGLE_MANAGED_CAS_CA';

/** An instance that no operation runs on, with a version that waits: a CA, or with a CA service a server certificate. */
async function idle(
  serverCaMode: Mode = 'GOOGLE_MANAGED_INTERNAL_CA',
): Promise<InstanceRef & { readonly active: string; readonly waiting: string }> {
  made += 1;
  const name = `db-${made}`;
  const instance = await emulator.createInstance({ name, serverCaMode });
  await instance.addVersion();
  const [active, waiting] = [instance.active, instance.waiting].map((one) => one?.version.sha1Fingerprint ?? 'none');
  return { project: emulator.project, instance: name, active: active ?? 'none', waiting: waiting ?? 'none' };
}

type Api = ReturnType<typeof adminApi>;
type Idle = Awaited<ReturnType<typeof idle>>;

const calls = {
  addServerCa: async (api: Api, ref: Idle) => api.prepareAddServerCa(ref, await api.slot(ref.project)),
  rotateServerCa: (api: Api, ref: Idle) => api.prepareRotateServerCa(ref, ref.waiting),
  addServerCertificate: async (api: Api, ref: Idle) =>
    api.prepareAddServerCertificate(ref, await api.slot(ref.project)),
  rotateServerCertificate: (api: Api, ref: Idle) => api.prepareRotateServerCertificate(ref, ref.waiting),
} as const;
type Method = keyof typeof calls;
const MODES: Readonly<Record<Method, Mode>> = {
  addServerCa: 'GOOGLE_MANAGED_INTERNAL_CA',
  rotateServerCa: 'GOOGLE_MANAGED_INTERNAL_CA',
  addServerCertificate: 'GOOGLE_MANAGED_CAS_CA',
  rotateServerCertificate: 'GOOGLE_MANAGED_CAS_CA',
};
const METHODS: readonly Method[] = ['addServerCa', 'rotateServerCa', 'addServerCertificate', 'rotateServerCertificate'];

const arrived = (api: Method, { instance }: InstanceRef) => emulator.journal.entries({ api, instance });

/** Makes one call, and answers how many POSTs arrived for it. */
async function call(method: Method): Promise<{ readonly answer: CallResult; readonly posts: number }> {
  const ref = await idle(MODES[method]);
  const api = adminApi(emulator.apiUrl);
  const send = await calls[method](api, ref);
  const answer = await send();
  // Whatever would repeat the call has had its chance when the same process has been answered something else.
  await api.instance(ref);
  return { answer, posts: arrived(method, ref).length };
}

function done(instance: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isDone = () => emulator.operations.all().some((one) => one.instance === instance && one.status === 'DONE');
  emulator.operations.changes.on('change', () => isDone() && resolve());
  if (isDone()) resolve();
  return promise;
}

it('a CA that is added waits behind the active one as soon as its operation is done', async () => {
  const ref = await idle();
  const api = adminApi(emulator.apiUrl);
  const answer = await (await calls.addServerCa(api, ref))();
  assert.ok(answer.kind === 'Accepted');
  assert.equal(answer.operation.user, emulator.email);
  assert.equal(arrived('addServerCa', ref).at(-1)?.body, undefined, 'the call has no body');
  await done(ref.instance);
  const [active, waiting, ...others] = (await api.serverCas(ref)).map(({ sha1Fingerprint }) => sha1Fingerprint);
  assert.equal(active, ref.active);
  assert.notEqual(waiting, ref.waiting);
  assert.deepEqual(others, []);
});

it('a rotation names the CA that it goes to, and so one to the CA of before takes it back', async () => {
  const ref = await idle();
  const api = adminApi(emulator.apiUrl);
  const answer = await (await api.prepareRotateServerCa(ref, ref.waiting))();
  assert.ok(answer.kind === 'Accepted');
  assert.deepEqual(JSON.parse(arrived('rotateServerCa', ref).at(-1)?.body ?? ''), {
    rotateServerCaContext: { nextVersion: ref.waiting },
  });
  await done(ref.instance);
  const fingerprints = async () => (await api.serverCas(ref)).map(({ sha1Fingerprint }) => sha1Fingerprint);
  assert.deepEqual(await fingerprints(), [ref.waiting, ref.active]);
  const back = await (await api.prepareRotateServerCa(ref, ref.active))();
  assert.equal(back.kind, 'Accepted');
});

it('a server certificate that is added waits, and a rotation names the one that it goes to', async () => {
  const ref = await idle('GOOGLE_MANAGED_CAS_CA');
  const api = adminApi(emulator.apiUrl);
  const fingerprints = async () =>
    (await api.serverCertificates(ref)).certificates.map(({ sha1Fingerprint }) => sha1Fingerprint);
  assert.deepEqual(await fingerprints(), [ref.active, ref.waiting]);
  const answer = await (await calls.rotateServerCertificate(api, ref))();
  assert.ok(answer.kind === 'Accepted');
  assert.deepEqual(JSON.parse(arrived('rotateServerCertificate', ref).at(-1)?.body ?? ''), {
    rotateServerCertificateContext: { nextVersion: ref.waiting },
  });
  await done(ref.instance);
  assert.deepEqual(await fingerprints(), [ref.waiting, ref.active]);
  const added = await (await calls.addServerCertificate(api, ref))();
  assert.equal(added.kind, 'Accepted');
  assert.equal(arrived('addServerCertificate', ref).at(-1)?.body, undefined, 'the call has no body');
});

it('a rotation to a CA that is not listed is rejected for good', async () => {
  const ref = await idle();
  const answer = await (await adminApi(emulator.apiUrl).prepareRotateServerCa(ref, 'a'.repeat(40)))();
  assert.partialDeepStrictEqual(answer, { kind: 'Rejected', code: 400, reason: 'invalidRequest' });
});

it('an add takes the slot that it was given, and a rotation one of its own: neither is made while Cloud SQL wants to be left alone', async () => {
  const api = adminApi(emulator.apiUrl);
  const headers = { 'Retry-After': '60' };
  const refusal = { kind: 'Error', executed: false, code: 429, reason: 'rateLimitExceeded', headers } as const;
  emulator.order({ api: 'addServerCa', answer: refusal });
  const ref = await idle();
  assert.partialDeepStrictEqual(await (await calls.addServerCa(api, ref))(), {
    kind: 'Rejected',
    retryAfterMs: 60_000,
  });
  assert.equal(api.trySlot(REF.project), undefined);
  await assert.rejects(api.prepareRotateServerCa(ref, ref.waiting), { name: 'CloudSqlError', kind: 'Throttled' });
});

type OrderedAnswer = NonNullable<FaultOptions['answer']>;
const error = (code: number, reason: string, executed = false): OrderedAnswer => ({
  kind: 'Error',
  executed,
  code,
  reason,
});
const answers: readonly (readonly [string, OrderedAnswer, Partial<CallResult>])[] = [
  ['rejected for good', error(400, 'invalid'), { kind: 'Rejected', code: 400, reason: 'invalid' }],
  ['rejected without the right', error(403, 'notAuthorized'), { kind: 'Rejected', code: 403, reason: 'notAuthorized' }],
  ['rejected while another operation runs', error(409, 'operationInProgress'), { kind: 'Rejected', code: 409 }],
  ['lost in a server error that executed it', error(503, 'backendError', true), { kind: 'Lost' }],
  ['lost in a server error that did not execute it', error(500, 'internalError'), { kind: 'Lost' }],
  ['lost with its connection, executed', { kind: 'Drop', executed: true }, { kind: 'Lost' }],
  ['lost with its connection, not executed', { kind: 'Drop', executed: false }, { kind: 'Lost' }],
  ['lost in a body that is no JSON', { kind: 'Malformed', executed: true }, { kind: 'Lost' }],
  ['lost in a body that ends early', { kind: 'Truncated', executed: true }, { kind: 'Lost' }],
  ['lost in an operation without a name', { kind: 'WithoutName', executed: true }, { kind: 'Lost' }],
];

for (const method of METHODS) {
  describe(`${method}, like a reset`, () => {
    it(`${method} is not called before it is sent, and once however often that is asked for`, async () => {
      const ref = await idle(MODES[method]);
      const send = await calls[method](adminApi(emulator.apiUrl), ref);
      assert.equal(arrived(method, ref).length, 0);
      const [first, second] = await Promise.all([send(), send()]);
      assert.deepEqual(first, second);
      assert.equal(arrived(method, ref).length, 1);
    });

    for (const [name, ordered, expected] of answers) {
      it(`${method} is ${name}, after one POST`, async () => {
        emulator.order({ api: method, answer: ordered });
        const { answer, posts } = await call(method);
        assert.partialDeepStrictEqual(answer, expected);
        assert.equal(posts, 1);
      });
    }

    it(`${method} is not written when nobody listens`, async () => {
      const stopped = await startCloudSql();
      await stopped.stop();
      process.env.GCE_METADATA_HOST = emulator.metadataHost;
      const send = await calls[method](adminApi(stopped.apiUrl), await idle(MODES[method]));
      assert.partialDeepStrictEqual(await send(), { kind: 'NotWritten', cause: 'Network' });
    });
  });
}
