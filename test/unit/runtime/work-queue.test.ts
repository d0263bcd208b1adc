import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue, type WorkQueueOptions, type WorkQueueView } from '../../../src/runtime/work-queue.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A queue of which each run lasts until the test ends it. */
function started(options: Partial<WorkQueueOptions<string>> = {}) {
  const timers = new VirtualClock();
  const queue = new WorkQueue<string>({ concurrency: 10, timers, ...options });
  const runs: string[] = [];
  let isComplete = false;
  queue.keys.subscribe({
    next: (key) => runs.push(key),
    complete: () => {
      isComplete = true;
    },
  });
  return { queue, timers, runs, isComplete: () => isComplete };
}

/** The group is what stands before the slash. */
const groupOf = (key: string): string | undefined => (key.includes('/') ? key.split('/')[0] : undefined);

test('a key that is added several times before its run runs once', () => {
  const { queue, runs } = started({ concurrency: 1 });
  for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
  queue.done('a');
  queue.done('b');
  assert.deepEqual(runs, ['a', 'b']);
});

test('a key never runs twice at the same time', () => {
  const { queue, runs } = started();
  queue.add('a');
  queue.add('a');
  assert.deepEqual(runs, ['a']);
});

test('a key that is added while it runs, however often, runs once more', () => {
  const { queue, runs } = started();
  queue.add('a');
  queue.add('a');
  queue.add('a');
  queue.done('a');
  queue.done('a');
  assert.deepEqual(runs, ['a', 'a']);
  assert.equal(queue.running, 0);
});

test('keys start in the order in which they were added', () => {
  const { queue, runs } = started({ concurrency: 1 });
  for (const key of ['c', 'a', 'b']) queue.add(key);
  for (const key of ['c', 'a', 'b']) queue.done(key);
  assert.deepEqual(runs, ['c', 'a', 'b']);
});

test('keys of high priority start first, but for each fourth run', () => {
  const { queue, runs } = started({ concurrency: 1, priorityOf: (key) => (key.startsWith('u') ? 'High' : 'Low') });
  for (const key of ['a', 'b', 'c', 'u1', 'u2', 'u3', 'u4', 'u5']) queue.add(key);
  while (queue.running > 0) queue.done(runs.at(-1) ?? '');
  assert.deepEqual(runs, ['a', 'u1', 'u2', 'u3', 'b', 'u4', 'u5', 'c']);
});

test('a key of high priority waits for its group, and then goes first', () => {
  const { queue, runs } = started({
    concurrency: 1,
    groupOf,
    priorityOf: (key) => (key.endsWith('u') ? 'High' : 'Low'),
  });
  for (const key of ['l/a', 'b', 'l/u', 'c']) queue.add(key);
  while (queue.running > 0) queue.done(runs.at(-1) ?? '');
  assert.deepEqual(runs, ['l/a', 'l/u', 'b', 'c']);
});

test('no more keys run at a time than allowed', () => {
  const { queue, runs } = started({ concurrency: 2 });
  for (const key of ['a', 'b', 'c']) queue.add(key);
  assert.deepEqual(runs, ['a', 'b']);
  assert.equal(queue.waiting, 1);
});

test('keys that were added before anyone listens are not lost', () => {
  const queue = new WorkQueue<string>({ concurrency: 10 });
  queue.add('a');
  const runs: string[] = [];
  queue.keys.subscribe((key) => runs.push(key));
  assert.deepEqual(runs, ['a']);
});

test('the earliest delay wins', async () => {
  const { queue, timers, runs } = started();
  queue.addAfter('a', 200);
  queue.addAfter('a', 100);
  queue.addAfter('a', 300);
  await timers.pass(99);
  assert.deepEqual(runs, []);
  await timers.pass(1);
  assert.deepEqual(runs, ['a']);
  queue.done('a');
  await timers.pass(1000);
  assert.deepEqual(runs, ['a']);
});

test('a key that is added while a delay is pending runs at once, and the delay is over', async () => {
  const { queue, timers, runs } = started();
  queue.addAfter('a', 100);
  queue.add('a');
  assert.deepEqual(runs, ['a']);
  queue.done('a');
  await timers.pass(1000);
  assert.deepEqual(runs, ['a']);
});

test('a delay that ends while the key runs makes it run again afterwards', async () => {
  const { queue, timers, runs } = started();
  queue.add('a');
  queue.addAfter('a', 100);
  await timers.pass(100);
  assert.deepEqual(runs, ['a']);
  queue.done('a');
  assert.deepEqual(runs, ['a', 'a']);
});

test('a key that waits already is not run once more for a delay', async () => {
  const { queue, timers, runs } = started({ concurrency: 1 });
  queue.add('a');
  queue.add('b');
  queue.addAfter('b', 100);
  queue.done('a');
  queue.done('b');
  await timers.pass(1000);
  assert.deepEqual(runs, ['a', 'b']);
});

test('one key of a group runs at a time', () => {
  const { queue, runs } = started({ groupOf });
  for (const key of ['x/1', 'x/2', 'x/3']) queue.add(key);
  assert.deepEqual(runs, ['x/1']);
  queue.done('x/1');
  assert.deepEqual(runs, ['x/1', 'x/2']);
});

test('a key of a busy group does not hold up other groups', () => {
  const { queue, runs } = started({ groupOf, concurrency: 2 });
  for (const key of ['x/1', 'x/2', 'x/3', 'y/1']) queue.add(key);
  assert.deepEqual(runs, ['x/1', 'y/1']);
});

test('groups take turns, so that a long one starves nobody', () => {
  const { queue, runs } = started({ groupOf, concurrency: 1 });
  for (const key of ['x/1', 'x/2', 'x/3', 'y/1', 'z']) queue.add(key);
  for (const key of ['x/1', 'y/1', 'z', 'x/2']) queue.done(key);
  assert.deepEqual(runs, ['x/1', 'y/1', 'z', 'x/2', 'x/3']);
});

test('a key that asks for another run does not starve the others of its group', () => {
  const { queue, runs } = started({ groupOf });
  queue.add('x/1');
  queue.add('x/2');
  queue.add('x/1');
  queue.done('x/1');
  queue.done('x/2');
  assert.deepEqual(runs, ['x/1', 'x/2', 'x/1']);
});

test('keys that only wait are dropped when the queue is closed', async () => {
  const { queue, timers, runs, isComplete } = started({ concurrency: 1, groupOf });
  for (const key of ['x/1', 'x/2', 'y', 'x/1']) queue.add(key);
  queue.addAfter('z', 100);
  queue.close();
  assert.ok(isComplete());
  queue.done('x/1');
  queue.add('late');
  queue.addAfter('late', 10);
  await timers.pass(1000);
  assert.deepEqual(runs, ['x/1']);
  assert.deepEqual([queue.waiting, queue.running, queue.delayed, timers.size], [0, 0, 0, 0]);
});

test('a queue that is closed already gives out nothing', (t) => {
  const queue = new WorkQueue<string>({ concurrency: 1 });
  queue.add('a');
  queue.close();
  const next = t.mock.fn();
  const complete = t.mock.fn();
  queue.keys.subscribe({ next, complete });
  assert.deepEqual([next.mock.callCount(), complete.mock.callCount()], [0, 1]);
});

test('runs that end at once do not pile up on the stack', () => {
  const queue = new WorkQueue<number>({ concurrency: 1 });
  for (let key = 0; key < 100_000; key += 1) queue.add(key);
  let count = 0;
  queue.keys.subscribe((key) => {
    count += 1;
    queue.done(key);
  });
  assert.equal(count, 100_000);
});

test('the observer hears of each key that begins to wait and how long it waited', async () => {
  const waits: number[] = [];
  let added = 0;
  const observer = {
    onAdded: () => {
      added += 1;
    },
    onStarted: (_key: string, waitedMs: number) => waits.push(waitedMs),
  };
  const { queue, timers } = started({ concurrency: 1, observer });
  queue.add('a');
  queue.add('b');
  queue.add('b');
  await timers.pass(50);
  queue.done('a');
  assert.deepEqual({ added, waits }, { added: 2, waits: [0, 50] });
});

test('the observer can look into the queue, until it is closed', async () => {
  const views: WorkQueueView<string>[] = [];
  const { queue, timers } = started({ concurrency: 1, observer: { onOpened: (view) => views.push(view) } });
  queue.add('a');
  queue.add('b');
  await timers.pass(50);
  const look = () =>
    views.map(({ waitingKeys, runningMs }) => ({ depth: waitingKeys.length, runningMs: [...runningMs.values()] }));
  assert.deepEqual(look(), [{ depth: 1, runningMs: [50] }]);
  queue.done('a');
  await timers.pass(20);
  assert.deepEqual(look(), [{ depth: 0, runningMs: [20] }]);
  queue.add('c');
  queue.close();
  assert.deepEqual(look(), [{ depth: 0, runningMs: [20] }]);
});

test('tenants take turns: a key waits for one key of each other tenant, however many they have', () => {
  const { queue, runs } = started({ concurrency: 1, tenantOf: (key) => key.charAt(0) });
  for (let n = 0; n < 1_000; n += 1) queue.add(`a${n}`);
  for (const key of ['b0', 'c0', 'b1']) queue.add(key);
  while (runs.length < 8) queue.done(runs.at(-1) ?? '');
  assert.deepEqual(runs, ['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3', 'a4']);
});

test('tenants take turns in a group too', () => {
  const { queue, runs } = started({ groupOf: () => 'group', tenantOf: (key) => key.charAt(0) });
  for (let n = 0; n < 1_000; n += 1) queue.add(`a${n}`);
  for (const key of ['b0', 'b1']) queue.add(key);
  while (runs.length < 6) queue.done(runs.at(-1) ?? '');
  assert.deepEqual(runs, ['a0', 'a1', 'b0', 'a2', 'b1', 'a3']);
});
