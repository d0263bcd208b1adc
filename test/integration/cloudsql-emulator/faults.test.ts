import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { call, caOf, done, errorOf, listOf, operationOf } from './client.ts';

const project = 'p';
const operationsPath = `/v1/projects/${project}/operations`;
let emulator: Emulator;
let instance = 'i0';
let count = 0;

before(async () => {
  emulator = await startEmulator({ plan: { pendingMs: 5, runningMs: 5 } });
});

after(() => emulator.stop());

beforeEach(async () => {
  count += 1;
  instance = `i${count}`;
  await emulator.createInstance({ project, name: instance });
});

const reset = (signal?: AbortSignal) =>
  call(emulator, `/v1/projects/${project}/instances/${instance}/resetSslConfig`, {
    method: 'POST',
    ...(signal ? { signal } : {}),
  });

type Answer = NonNullable<FaultOptions['answer']>;

const order = (answer: Answer) => emulator.order({ api: 'resetSslConfig', project, instance, answer });

const executed = () => emulator.journal.executedResets(project, instance).length;

/** Whether the CA changed by the time that everything which runs on the instance is over. */
const caChanged = async (act: () => Promise<unknown>): Promise<boolean> => {
  const former = caOf(emulator, project, instance);
  await act();
  await Promise.all(emulator.operations.list(project, instance).map(({ name }) => done(emulator, project, name)));
  return caOf(emulator, project, instance) !== former;
};

test('a rejection has the ordered code, reason and headers, and nothing is executed', async () => {
  order({ kind: 'Error', executed: false, code: 429, reason: 'rateLimitExceeded', headers: { 'Retry-After': '7' } });
  const answer = await reset();
  assert.deepEqual(errorOf(answer), [429, 'rateLimitExceeded']);
  assert.equal(answer.headers.get('retry-after'), '7');
  assert.equal(executed(), 0);
});

test('a 503 can hide that the reset was executed', async () => {
  order({ kind: 'Error', executed: true, code: 503, reason: 'backendError' });
  assert.equal(await caChanged(async () => assert.equal((await reset()).status, 503)), true);
  assert.equal(executed(), 1);
});

test('a 503 can mean that nothing was executed', async () => {
  order({ kind: 'Error', executed: false, code: 503, reason: 'backendError' });
  assert.equal(await caChanged(async () => assert.equal((await reset()).status, 503)), false);
  assert.equal(executed(), 0);
});

for (const wasExecuted of [true, false]) {
  const outcome = wasExecuted ? 'though the reset was executed' : 'and nothing is executed';

  test(`the connection is dropped ${outcome}`, async () => {
    order({ kind: 'Drop', executed: wasExecuted });
    const changed = await caChanged(() => assert.rejects(reset(), { name: 'TypeError', message: /fetch failed/ }));
    assert.deepEqual([changed, executed()], [wasExecuted, Number(wasExecuted)]);
  });

  test(`no answer ever comes ${outcome}`, async () => {
    order({ kind: 'Hang', executed: wasExecuted });
    const patience = new AbortController();
    void emulator.journal
      .waitFor((entry) => entry.instance === instance && entry.fault === 'Hang' && entry.executed === wasExecuted)
      .then(() => setTimeout(() => patience.abort(), 300));
    const changed = await caChanged(() => assert.rejects(reset(patience.signal), { name: 'AbortError' }));
    assert.deepEqual([changed, executed()], [wasExecuted, Number(wasExecuted)]);
  });

  test(`the body is no JSON ${outcome}`, async () => {
    order({ kind: 'Malformed', executed: wasExecuted });
    const changed = await caChanged(async () => {
      const { status, text } = await reset();
      assert.equal(status, 200);
      assert.throws(() => JSON.parse(text), SyntaxError);
    });
    assert.deepEqual([changed, executed()], [wasExecuted, Number(wasExecuted)]);
  });

  test(`the body breaks off ${outcome}`, async () => {
    order({ kind: 'Truncated', executed: wasExecuted });
    const changed = await caChanged(() => assert.rejects(reset(), { name: 'TypeError', message: /terminated/ }));
    assert.deepEqual([changed, executed()], [wasExecuted, Number(wasExecuted)]);
  });

  test(`the operation has no name ${outcome}`, async () => {
    order({ kind: 'WithoutName', executed: wasExecuted });
    const changed = await caChanged(async () => {
      const { status, text } = await reset();
      assert.equal(status, 200);
      const answer: unknown = JSON.parse(text);
      assert.ok(typeof answer === 'object' && answer !== null && 'kind' in answer && !('name' in answer));
    });
    assert.deepEqual([changed, executed()], [wasExecuted, Number(wasExecuted)]);
  });
}

test('a reset can be executed after its connection was dropped', async () => {
  order({ kind: 'Drop', executed: { afterMs: 50 } });
  await assert.rejects(reset(), { message: /fetch failed/ });
  assert.equal(executed(), 0);
  const { status } = await emulator.journal.waitFor((entry) => entry.instance === instance && entry.executed);
  assert.equal(status, undefined);
  assert.equal(executed(), 1);
});

test('the true answer can come late, while the reset has been executed long since', async () => {
  order({ kind: 'Late', executed: true, afterMs: 3_600_000 });
  const patience = new AbortController();
  const answer = assert.rejects(reset(patience.signal), { name: 'AbortError' });
  const { id } = await emulator.journal.waitFor((entry) => entry.instance === instance && entry.executed);
  await done(emulator, project, emulator.operations.list(project, instance)[0]?.name ?? '');
  assert.equal(emulator.journal.entries({ instance }).find((entry) => entry.id === id)?.status, undefined);
  patience.abort();
  await answer;
});

test('a late reset that meets another operation is refused, not executed', async () => {
  order({ kind: 'Drop', executed: { afterMs: 20 } });
  const other = emulator.foreignOperation({ project, instance, user: 'x@example.com', plan: { runningMs: 200 } });
  await assert.rejects(reset(), { message: /fetch failed/ });
  await other.finished;
  assert.equal(executed(), 0);
});

test('an operation can end DONE with an error, with or without a new CA', async () => {
  const error = { code: 'INTERNAL_ERROR', message: 'ordered' };
  for (const effect of ['AtDone', 'Never'] as const) {
    emulator.order({ api: 'resetSslConfig', instance, operation: { error, effect } });
    let name = '';
    const changed = await caChanged(async () => {
      name = operationOf(await reset()).name;
    });
    const end = operationOf(await call(emulator, `${operationsPath}/${name}`));
    assert.equal(changed, effect === 'AtDone');
    assert.deepEqual([end.status, end.error?.errors[0]?.code], ['DONE', 'INTERNAL_ERROR']);
  }
});

test('an operation can stay PENDING, without a start time, for as long as ordered', async () => {
  // A restart: it makes no keys, which alone would keep a reset PENDING for a while.
  emulator.order({ api: 'restart', instance, operation: { pendingMs: 3_600_000 } });
  const path = `/v1/projects/${project}/instances/${instance}/restart`;
  const { name } = operationOf(await call(emulator, path, { method: 'POST' }));
  const { status, startTime } = operationOf(await call(emulator, `${operationsPath}/${name}`));
  assert.deepEqual([status, startTime], ['PENDING', undefined]);
});

test('the API can say UNKNOWN for a while', async () => {
  emulator.order({ api: 'resetSslConfig', instance, operation: { pendingMs: 0, unknownMs: 3_600_000 } });
  const { name } = operationOf(await reset());
  await new Promise((resolve) => emulator.operations.changes.once('change', resolve));
  assert.equal(operationOf(await call(emulator, `${operationsPath}/${name}`)).status, 'UNKNOWN');
});

test('an operation can vanish from get', async () => {
  const { name } = operationOf(await reset());
  const reason = 'operationDoesNotExist';
  emulator.order({ api: 'operations.get', instance, answer: { kind: 'Error', executed: false, code: 404, reason } });
  assert.deepEqual(errorOf(await call(emulator, `${operationsPath}/${name}`)), [404, reason]);
  assert.equal((await call(emulator, `${operationsPath}/${name}`)).status, 200);
});

test('a lagging list leaves out young operations, and only those', async () => {
  const old = { project, instance, user: 'x@example.com', done: true, insertedAgoMs: 60_000 };
  const { operation, finished } = emulator.foreignOperation(old);
  await finished;
  await reset();
  emulator.order({ api: 'operations.list', instance, hideYoungerThanMs: 30_000 });
  const lagging = listOf(await call(emulator, `${operationsPath}?instance=${instance}`));
  assert.deepEqual(
    lagging.items.map(({ name }) => name),
    [operation.name],
  );
  assert.equal(listOf(await call(emulator, `${operationsPath}?instance=${instance}`)).items.length, 2);
});

test('a foreign operation that runs keeps resets out', async () => {
  const { finished } = emulator.foreignOperation({ project, instance, user: 'x@example.com', plan: { runningMs: 50 } });
  assert.deepEqual(errorOf(await reset()), [409, 'operationInProgress']);
  await finished;
  assert.equal((await reset()).status, 200);
});

test('a foreign operation by our own account can reset, or change nothing', async () => {
  const foreign = { project, instance, user: emulator.email, done: true };
  assert.equal(await caChanged(() => emulator.foreignOperation({ ...foreign, does: 'ResetSsl' }).finished), true);
  assert.equal(await caChanged(() => emulator.foreignOperation(foreign).finished), false);
  const { items } = listOf(await call(emulator, `${operationsPath}?instance=${instance}`));
  assert.deepEqual(
    items.map(({ user, operationType, status }) => [user, operationType, status]),
    [0, 1].map(() => [emulator.email, 'UPDATE', 'DONE']),
  );
  assert.equal(executed(), 0);
});

test('the CA can change only some time after DONE', async () => {
  emulator.order({ api: 'resetSslConfig', instance, operation: { effect: 'AfterDone', settleMs: 100 } });
  const changedLater = new Promise((resolve) => emulator.instance(project, instance).changes.once('tls', resolve));
  assert.equal(await caChanged(reset), false);
  const former = caOf(emulator, project, instance);
  await changedLater;
  assert.notEqual(caOf(emulator, project, instance), former);
});

test('the journal names the fault that a call met', async () => {
  order({ kind: 'Error', executed: false, code: 503, reason: 'backendError' });
  await reset();
  const [entry] = emulator.journal.entries({ api: 'resetSslConfig', instance });
  assert.deepEqual([entry?.fault, entry?.status, entry?.executed], ['Error 503', 503, false]);
});
