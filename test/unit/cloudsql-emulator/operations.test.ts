import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
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

test('the effect is there before the end is, or after it, or never, as the plan says', async () => {
  assert.deepEqual(await statusAtEffect({}), ['RUNNING']);
  assert.deepEqual(await statusAtEffect({ effect: 'AfterDone' }), ['DONE']);
  assert.deepEqual(await statusAtEffect({ effect: 'Never' }), []);
});

const runningPlans: readonly (readonly [OperationPlan, number])[] = [
  [{}, 0],
  [{ effect: 'AtRunning' }, 1],
];

test('the effect comes with the end of RUNNING unless the plan says: with its start', async (t) => {
  const end = new AbortController();
  t.after(() => end.abort());
  for (const [plan, expected] of runningPlans) {
    const operations = new Operations(end.signal);
    let effects = 0;
    const apply = () => {
      effects += 1;
    };
    const running = new Promise((resolve) => operations.changes.once('change', () => setImmediate(resolve)));
    operations.start(request({ plan: { ...plan, runningMs: 3_600_000 }, effect: () => Promise.resolve(apply) }));
    await running;
    assert.equal(effects, expected);
  }
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
  const young = start({});
  const old = start({ insertTime: new Date(Date.now() - 60_000) });
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

test('an operation that is held stays RUNNING, its effect to come, until it is released', async () => {
  const operations = new Operations(never);
  const seen: string[] = [];
  operations.changes.on('change', ({ status }) => seen.push(status));
  const release = operations.hold();
  const running = new Promise((resolve) => operations.changes.once('change', () => setImmediate(resolve)));
  const { finished } = operations.start(
    request({
      effect: async () => () => {
        seen.push('effect');
      },
    }),
  );
  await running;
  assert.deepEqual(seen, ['RUNNING']);
  release();
  await finished;
  assert.deepEqual(seen, ['RUNNING', 'effect', 'DONE']);
});

test('operations that were held more than once all end when everything is released', async () => {
  const operations = new Operations(never);
  operations.hold();
  const first = operations.start(request());
  await new Promise((resolve) => operations.changes.once('change', () => setImmediate(resolve)));
  // Timers of one length go off in the order in which they were set: the operation's is over, and it is held.
  await delay(0);
  operations.hold();
  const second = operations.start(request());
  operations.release();
  await Promise.all([first.finished, second.finished]);
  assert.deepEqual(new Set(operations.all().map(({ status }) => status)), new Set(['DONE']));
});

test('the end of the emulator ends the waiting', async () => {
  const end = new AbortController();
  const { finished } = new Operations(end.signal).start(request({ plan: { pendingMs: 3_600_000 } }));
  end.abort();
  await finished;
});
