import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation, OperationPlan, OperationRequest } from '../../cloudsql-emulator/operations.ts';
import { Operations } from '../../cloudsql-emulator/operations.ts';

const never = new AbortController().signal;

const request = (more: Partial<OperationRequest> = {}): OperationRequest => ({
  project: 'p',
  instance: 'i',
  type: 'UPDATE',
  user: 'somebody@example.com',
  plan: {},
  effect: () => Promise.resolve(() => undefined),
  ...more,
});

/** The statuses an effect sees when it happens. */
const statusAtEffect = async (plan: OperationPlan): Promise<readonly string[]> => {
  const operations = new Operations(never);
  const seen: string[] = [];
  const record = () => seen.push(...operations.all().map(({ status }) => status));
  await operations.start(request({ plan, effect: () => Promise.resolve(record) })).finished;
  return seen;
};

const runToEnd = async (plan: OperationPlan): Promise<Operation> => {
  const operations = new Operations(never);
  const { operation, finished } = operations.start(request({ plan }));
  await finished;
  return operations.get('p', operation.name);
};

test('an operation begins PENDING without a start time', () => {
  const { operation } = new Operations(never).start(request());
  assert.equal(operation.status, 'PENDING');
  assert.equal(operation.startTime, undefined);
});

test('an operation ends DONE with its times in order', async () => {
  const { status, insertTime, startTime = '', endTime = '' } = await runToEnd({ pendingMs: 5, runningMs: 5 });
  assert.equal(status, 'DONE');
  assert.ok(insertTime < startTime && startTime < endTime);
});

test('a failure is DONE with the error', async () => {
  const error = { code: 'INTERNAL', message: 'no' };
  const { status, error: seen } = await runToEnd({ error });
  assert.deepEqual([status, seen], ['DONE', error]);
});

test('the effect comes right before DONE unless the plan says otherwise', async () => {
  assert.deepEqual(await statusAtEffect({}), ['RUNNING']);
  assert.deepEqual(await statusAtEffect({ effect: 'AtRunning' }), ['RUNNING']);
  assert.deepEqual(await statusAtEffect({ effect: 'AfterDone' }), ['DONE']);
  assert.deepEqual(await statusAtEffect({ effect: 'Never' }), []);
});

test('an operation is UNKNOWN between PENDING and RUNNING where the plan says so', async () => {
  const operations = new Operations(never);
  const seen: string[] = [];
  operations.changes.on('change', ({ status }) => seen.push(status));
  await operations.start(request({ plan: { unknownMs: 1 } })).finished;
  assert.deepEqual(seen, ['UNKNOWN', 'RUNNING', 'DONE']);
});

test('an instance is busy until its operation is DONE, other instances are not', async () => {
  const operations = new Operations(never);
  const { finished } = operations.start(request());
  assert.throws(() => operations.requireIdle('p', 'i'), { message: /already in progress/ });
  assert.doesNotThrow(() => operations.requireIdle('p', 'other'));
  await finished;
  assert.doesNotThrow(() => operations.requireIdle('p', 'i'));
});

test('operations are listed by instance, the newest start first', async () => {
  const operations = new Operations(never);
  const start = (more: Partial<OperationRequest>) => operations.start(request(more));
  const old = start({ insertTime: new Date(Date.now() - 60_000) });
  const young = start({});
  const other = start({ instance: 'other' });
  await Promise.all([old.finished, young.finished, other.finished]);
  const names = operations.list('p', 'i').map(({ name }) => name);
  assert.deepEqual(names, [young.operation.name, old.operation.name]);
});

test('an operation is unknown to other projects', () => {
  const operations = new Operations(never);
  const { operation } = operations.start(request());
  assert.throws(() => operations.get('other', operation.name), { message: /does not exist/ });
});

test('the end of the emulator ends the waiting', async () => {
  const end = new AbortController();
  const { finished } = new Operations(end.signal).start(request({ plan: { pendingMs: 3_600_000 } }));
  end.abort();
  await finished;
});
