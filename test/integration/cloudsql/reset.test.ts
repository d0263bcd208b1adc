import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { CallResult } from '../../../src/domain/call/result.ts';
import type { InstanceRef } from '../../../src/domain/instance.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { adminApi, preparedReset, REF, startCloudSql } from './fixture.ts';

let emulator: Emulator;
before(async () => {
  emulator = await startCloudSql();
});
after(() => emulator.stop());

const posts = () => emulator.journal.entries({ api: 'resetSslConfig' });

/** An instance that no operation runs on. */
async function idleInstance(): Promise<InstanceRef> {
  const name = `db-${posts().length}`;
  await emulator.createInstance({ name });
  return { project: emulator.project, instance: name };
}

/** Makes one call, and answers how many POSTs arrived for it. */
async function call(): Promise<{ readonly answer: CallResult; readonly arrived: number }> {
  const ref = await idleInstance();
  const api = adminApi(emulator.apiUrl);
  const send = await preparedReset(api, ref);
  const answer = await send();
  // Whatever would repeat the call has had its chance when the same process has been answered something else.
  await api.instance(ref);
  return { answer, arrived: emulator.journal.entries({ api: 'resetSslConfig', instance: ref.instance }).length };
}

describe('the call of the reset', () => {
  afterEach(() => emulator.clearFaults());

  it('the call of the reset is accepted with the operation, and is in the journal as ours', async () => {
    const { answer, arrived } = await call();
    assert.ok(answer.kind === 'Accepted');
    assert.equal(arrived, 1);
    const entry = posts().at(-1);
    assert.equal(entry?.operation, answer.operation.name);
    assert.equal(entry?.mode, 'ALL');
    assert.equal(answer.operation.user, emulator.email);
    assert.equal(answer.operation.operationType, 'UPDATE');
    assert.equal(answer.operation.targetId, entry?.instance);
  });

  it('the call of the reset says the mode in the words of the API', async () => {
    const send = await preparedReset(adminApi(emulator.apiUrl), REF, 'SyncFromPrimary');
    await send();
    assert.equal(posts().at(-1)?.mode, 'SYNC_FROM_PRIMARY');
  });

  it('the call of the reset is not made before it is sent, and only once however often that is asked for', async () => {
    const earlier = posts().length;
    const send = await preparedReset(adminApi(emulator.apiUrl), await idleInstance());
    assert.equal(posts().length, earlier);
    const [first, second] = await Promise.all([send(), send()]);
    assert.deepEqual(first, second);
    assert.equal(posts().length, earlier + 1);
  });

  type OrderedAnswer = NonNullable<FaultOptions['answer']>;
  type OrderedError = Extract<OrderedAnswer, { kind: 'Error' }>;
  const error = (code: number, reason: string, options: Partial<OrderedError> = {}): OrderedError => ({
    kind: 'Error',
    executed: false,
    code,
    reason,
    ...options,
  });
  const answers: readonly (readonly [string, OrderedAnswer, Partial<CallResult>])[] = [
    ['is rejected for good', error(400, 'invalid'), { kind: 'Rejected', code: 400, reason: 'invalid' }],
    [
      'is rejected without a valid token',
      error(401, 'authError'),
      { kind: 'Rejected', code: 401, reason: 'authError' },
    ],
    [
      'is rejected without the right',
      error(403, 'notAuthorized'),
      { kind: 'Rejected', code: 403, reason: 'notAuthorized' },
    ],
    [
      'is rejected for an instance that is not there',
      error(404, 'instanceDoesNotExist'),
      { kind: 'Rejected', code: 404 },
    ],
    ['is rejected while another operation runs', error(409, 'operationInProgress'), { kind: 'Rejected', code: 409 }],
    ['is rejected in a wrong state', error(412, 'conditionNotMet'), { kind: 'Rejected', code: 412 }],
    [
      'is rejected with the time that it asks for',
      error(429, 'rateLimitExceeded', { headers: { 'Retry-After': '7' } }),
      { kind: 'Rejected', code: 429, reason: 'rateLimitExceeded', retryAfterMs: 7000 },
    ],
    ['is lost in a server error that executed it', error(503, 'backendError', { executed: true }), { kind: 'Lost' }],
    ['is lost in a server error that did not execute it', error(500, 'internalError'), { kind: 'Lost' }],
    ['is lost with its connection, executed', { kind: 'Drop', executed: true }, { kind: 'Lost' }],
    ['is lost with its connection, not executed', { kind: 'Drop', executed: false }, { kind: 'Lost' }],
    ['is lost in a body that is no JSON', { kind: 'Malformed', executed: true }, { kind: 'Lost' }],
    ['is lost in a body that ends early', { kind: 'Truncated', executed: true }, { kind: 'Lost' }],
    ['is lost in an operation without a name', { kind: 'WithoutName', executed: true }, { kind: 'Lost' }],
  ];
  for (const [name, ordered, expected] of answers) {
    it(`${name}, after one POST`, async () => {
      emulator.order({ api: 'resetSslConfig', answer: ordered });
      const { answer, arrived } = await call();
      assert.partialDeepStrictEqual(answer, expected);
      assert.equal(arrived, 1);
    });
  }

  it('the call of the reset is lost when nothing comes within the deadline, after one POST', async () => {
    emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: true } });
    assert.deepEqual(await call(), { answer: { kind: 'Lost', message: 'No answer within 10 s' }, arrived: 1 });
  });

  it('the call of the reset is not written when nobody listens', async () => {
    const stopped = await startCloudSql();
    await stopped.stop();
    process.env.GCE_METADATA_HOST = emulator.metadataHost;
    const send = await preparedReset(adminApi(stopped.apiUrl));
    assert.partialDeepStrictEqual(await send(), { kind: 'NotWritten', cause: 'Network' });
  });

  it('the call of the reset is not written when the name does not resolve', async () => {
    const send = await preparedReset(adminApi('https://sqladmin.invalid'));
    const answer = await send();
    assert.partialDeepStrictEqual(answer, { kind: 'NotWritten', cause: 'Network' });
  });

  it('the call of the reset is not prepared while the API wants to be left alone', async () => {
    const api = adminApi(emulator.apiUrl);
    const headers = { 'Retry-After': '60' };
    emulator.order({ api: 'resetSslConfig', answer: error(429, 'rateLimitExceeded', { headers }) });
    const send = await preparedReset(api);
    await send();
    assert.equal(api.trySlot(REF.project), undefined);
    assert.ok(api.trySlot('other-project'));
    await assert.rejects(api.prepareClientCertificate(REF, 'app'), { name: 'CloudSqlError', kind: 'Throttled' });
  });
});
