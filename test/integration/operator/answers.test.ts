import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { hasReason, INSTANCE, isReady, operatorFixture, PROJECT, reset } from '../../support/operator/fixture.ts';

type Answer = NonNullable<FaultOptions['answer']>;
type ErrorAnswer = Extract<Answer, { kind: 'Error' }>;

const error = (code: number, reason: string, executed = false, headers: Record<string, string> = {}): ErrorAnswer => ({
  kind: 'Error',
  executed,
  code,
  reason,
  headers,
});

/** Answers to the first call, and the reason for which the request waits meanwhile, where it is sure to be seen. */
const ANSWERS: Readonly<Record<string, { readonly answer: Answer; readonly waits?: string }>> = {
  'a 401 is tried again': { answer: error(401, 'authError'), waits: 'PermissionDenied' },
  'a 403 is tried again': { answer: error(403, 'notAuthorized'), waits: 'PermissionDenied' },
  'a 403 of an instance that is not there is tried again': {
    answer: error(403, 'instanceDoesNotExist'),
    waits: 'InstanceNotFound',
  },
  'a 403 of a rate limit is tried again': { answer: error(403, 'rateLimitExceeded'), waits: 'Throttled' },
  'a 403 of an operation that runs is tried again': {
    answer: error(403, 'operationInProgress'),
    waits: 'WaitingForInstance',
  },
  'a 404 is tried again': { answer: error(404, 'instanceDoesNotExist'), waits: 'InstanceNotFound' },
  'a 409 of an operation that runs is tried again': {
    answer: error(409, 'operationInProgress'),
    waits: 'WaitingForInstance',
  },
  'a 409 of an instance in maintenance is tried again': {
    answer: error(409, 'invalidState'),
    waits: 'WaitingForInstance',
  },
  'a 412 is tried again': { answer: error(412, 'conditionNotMet'), waits: 'WaitingForInstance' },
  'a 429 is tried again, not before Retry-After': {
    answer: error(429, 'rateLimitExceeded', false, { 'Retry-After': '2' }),
    waits: 'Throttled',
  },
  'a 400 to a copy of a call that was executed is resolved': { answer: error(400, 'invalid', true) },
  'a 403 to a copy of a call that was executed is resolved': { answer: error(403, 'notAuthorized', true) },
  'a 409 to a copy of a call that was executed is resolved': { answer: error(409, 'operationInProgress', true) },
  'a 429 to a copy of a call that was executed is resolved': { answer: error(429, 'rateLimitExceeded', true) },
  'a 500 after the execution is resolved': { answer: error(500, 'internalError', true) },
  'a 503 after the execution is resolved': { answer: error(503, 'backendError', true) },
  'a 503 without an execution is resolved, then called again': { answer: error(503, 'backendError') },
  'a 502 of a proxy without an execution is resolved, then called again': { answer: error(502, '') },
  'a connection that breaks after the execution is resolved': { answer: { kind: 'Drop', executed: true } },
  'a connection that breaks before the execution is resolved, then called again': {
    answer: { kind: 'Drop', executed: false },
  },
  'a call that hangs after the execution is resolved': { answer: { kind: 'Hang', executed: true } },
  'a call that hangs and is not executed is resolved, then called again': { answer: { kind: 'Hang', executed: false } },
  'a call that is executed after its connection broke is resolved': {
    answer: { kind: 'Drop', executed: { afterMs: 1_500 } },
  },
  'an answer that is no JSON is resolved': { answer: { kind: 'Malformed', executed: true } },
  'an answer that ends early is resolved': { answer: { kind: 'Truncated', executed: true } },
  'an answer without the name of an operation is resolved': { answer: { kind: 'WithoutName', executed: true } },
};

const isCall = ({ api }: { readonly api: string }): boolean => api === 'resetSslConfig';

describe('whatever the answer, one reset is executed and the object gets Ready', { concurrency: 4 }, () => {
  for (const [what, { answer, waits }] of Object.entries(ANSWERS)) {
    test(`whatever the answer, one reset is executed and the object gets Ready: ${what}`, async (t) => {
      const { apply, until, seen, emulator, resets } = await operatorFixture(t);
      emulator.order({ api: 'resetSslConfig', answer });
      await apply(reset());
      if (waits !== undefined) await seen('db', hasReason(waits));
      const { status } = await until('db', isReady);
      assert.equal(resets(), 1);
      const [call] = emulator.journal.executedResets(PROJECT, INSTANCE);
      assert.equal(status.operation?.name, call?.operation);
      const calls = emulator.journal.entries().filter(isCall);
      const isRetried = answer.kind !== 'Error' ? answer.executed === false : !answer.executed;
      assert.equal(calls.length, isRetried ? 2 : 1);
      if (answer.kind === 'Error' && answer.headers?.['Retry-After'] !== undefined) {
        const [first, second] = calls.map(({ time }) => Date.parse(time));
        assert.ok((second ?? 0) - (first ?? 0) >= 2_000, 'it came back before Retry-After');
      }
    });
  }
});

describe('answers that need a person', { concurrency: 4 }, () => {
  test('a 400 stalls for good, with what Cloud SQL said', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    emulator.order({ api: 'resetSslConfig', answer: { ...error(400, 'invalid'), message: 'Not for replicas.' } });
    await apply(reset());
    const stalled = await until('db', hasReason('InvalidRequest'));
    assert.match(findCondition(stalled.status.conditions, 'Stalled')?.message ?? '', /400 invalid: Not for replicas/);
    assert.equal(resets(), 0);
  });

  test('an operation that ends with an error is never called again without retry, and once with it', async (t) => {
    const { apply, until, emulator, kubectl, resets } = await operatorFixture(t);
    const failure = { code: 'INTERNAL_ERROR', message: 'Something went wrong.' };
    emulator.order({ api: 'resetSslConfig', operation: { error: failure, effect: 'Never' } });
    await apply(reset());
    const failed = await until('db', hasReason('OperationFailed'));
    assert.equal(resets(), 1);
    assert.equal(failed.status.operation?.status, 'DONE');
    assert.deepEqual(
      failed.status.operation?.error?.errors?.map(({ code }) => code),
      ['INTERNAL_ERROR'],
    );
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await until('db', isReady);
    assert.equal(resets(), 2);
  });

  test('a failed operation that changed the CA all the same is published and rolled first', async (t) => {
    const { apply, until, emulator } = await operatorFixture(t);
    const failure = { code: 'INTERNAL_ERROR', message: 'Something went wrong.' };
    emulator.order({ api: 'resetSslConfig', operation: { error: failure, effect: 'AtRunning' } });
    await apply(reset({ serverCa: { secretName: 'ca' } }));
    const { status } = await until('db', hasReason('OperationFailed'));
    assert.equal(status.serverCa?.publishedTo, 'Secret/ca');
    assert.equal(findCondition(status.conditions, 'ServerCaPublished')?.status, 'True');
  });

  test('a reset after which the CA is still the old one is reported', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    emulator.order({ api: 'resetSslConfig', operation: { effect: 'Never' } });
    await apply(reset());
    await until('db', hasReason('ServerCaUnchanged'));
    assert.equal(resets(), 1);
  });

  test('a reset of another tool with our account, while our answer was lost, is not taken for ours', async (t) => {
    const { apply, until, seen, emulator, kubectl, resets } = await operatorFixture(t);
    emulator.order({ api: 'resetSslConfig', answer: { kind: 'Drop', executed: false } });
    await apply(reset());
    await seen('db', isResolving);
    emulator.foreignOperation({
      project: PROJECT,
      instance: INSTANCE,
      user: emulator.email,
      does: 'Nothing',
      done: true,
    });
    const { status } = await until('db', hasReason('OutcomeUnknown'));
    assert.match(
      findCondition(status.conditions, 'Stalled')?.message ?? '',
      /gcloud sql operations list --instance=orders-db/,
    );
    assert.equal(resets(), 0);
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('an operation of somebody else is waited for before the call', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    const ended = Promise.withResolvers<() => void>();
    emulator.operations.start({
      project: PROJECT,
      instance: INSTANCE,
      type: 'UPDATE',
      user: 'dba@example.com',
      plan: {},
      effect: () => ended.promise,
    });
    await apply(reset());
    await until('db', hasReason('WaitingForInstance'));
    assert.equal(resets(), 0);
    ended.resolve(() => undefined);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('an accepted operation that is not listed any more counts as done when the CA is new', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    emulator.order({ api: 'operations.get', times: 'Always', answer: error(404, 'operationDoesNotExist') });
    await apply(reset());
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('what waits for a Google right goes on by itself when it is given', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    emulator.putAccount({ email: emulator.email, denied: ['cloudsql.instances.resetSslConfig'] });
    await apply(reset());
    await until('db', hasReason('PermissionDenied'));
    emulator.putAccount({ email: emulator.email, denied: [] });
    await until('db', isReady);
    assert.equal(resets(), 1);
  });
});

const isResolving = ({ status }: SslReset): boolean =>
  findCondition(status.conditions, 'Reconciling')?.reason === 'ResolvingOutcome';
