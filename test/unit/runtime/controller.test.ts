import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EMPTY, NEVER, Subject } from 'rxjs';
import { type Action, awaitChange, requeueAfter, requeueNow } from '../../../src/lib/action.ts';
import { type ControllerOptions, controller, type Outcome } from '../../../src/runtime/controller.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';

interface Run {
  readonly key: string;
  readonly end: (action: Action) => void;
  readonly fail: (error: unknown) => void;
}

/** A controller of which each run lasts until the test ends it. */
function started(options: Partial<ControllerOptions<string>> = {}) {
  const timers = new VirtualClock();
  const triggers = new Subject<string>();
  const shutdown = new Subject<void>();
  const runs: Run[] = [];
  const outcomes: Outcome<string>[] = [];
  let end: 'running' | 'completed' | 'failed' = 'running';

  const subscription = controller<string>({
    triggers,
    synced: EMPTY,
    shutdown,
    timers,
    concurrency: 10,
    reconcile: (key) => new Promise((resolve, reject) => runs.push({ key, end: resolve, fail: reject })),
    errorPolicy: (_key, _error, failures) => requeueAfter(failures * 100),
    ...options,
  }).subscribe({
    next: (outcome) => outcomes.push(outcome),
    complete: () => {
      end = 'completed';
    },
    error: () => {
      end = 'failed';
    },
  });

  const finish = async (key: string, action: Action = awaitChange()): Promise<void> => {
    const index = runs.findIndex((run) => run.key === key);
    runs.splice(index, 1)[0]?.end(action);
    await settle();
  };
  const fail = async (key: string, error: unknown): Promise<void> => {
    const index = runs.findIndex((run) => run.key === key);
    runs.splice(index, 1)[0]?.fail(error);
    await settle();
  };
  return {
    timers,
    triggers,
    shutdown,
    outcomes,
    subscription,
    finish,
    fail,
    running: () => runs.map(({ key }) => key),
    end: () => end,
  };
}

test('a key never runs twice at the same time, and runs again when it was triggered meanwhile', async () => {
  const { triggers, running, finish } = started();
  triggers.next('a');
  triggers.next('a');
  assert.deepEqual(running(), ['a']);
  await finish('a');
  assert.deepEqual(running(), ['a']);
  await finish('a');
  assert.deepEqual(running(), []);
});

test('nothing runs before everything is synced, and nothing that was triggered before is lost', () => {
  const synced = new Subject<never>();
  const { triggers, running } = started({ synced });
  triggers.next('a');
  assert.deepEqual(running(), []);
  synced.complete();
  assert.deepEqual(running(), ['a']);
});

test('a key comes back after the time that its run asked for', async () => {
  const { triggers, timers, running, finish } = started();
  triggers.next('a');
  await finish('a', requeueAfter(100));
  await timers.pass(99);
  assert.deepEqual(running(), []);
  await timers.pass(1);
  assert.deepEqual(running(), ['a']);
});

test('a key that wants to run at once queues up behind the others', async () => {
  const { triggers, running, finish } = started({ concurrency: 1 });
  triggers.next('a');
  triggers.next('b');
  await finish('a', requeueNow());
  assert.deepEqual(running(), ['b']);
  await finish('b');
  assert.deepEqual(running(), ['a']);
});

test('a failed run is a value, and the stream goes on', async () => {
  const { triggers, timers, outcomes, running, fail, end } = started();
  const error = new Error('no');
  triggers.next('a');
  await timers.pass(30);
  await fail('a', error);
  assert.deepEqual(outcomes, [
    { kind: 'Failed', key: 'a', action: requeueAfter(100), durationMs: 30, error, failures: 1 },
  ]);
  assert.equal(end(), 'running');
  await timers.pass(100);
  assert.deepEqual(running(), ['a']);
});

test('a reconcile that throws before its first await is a failed run too', () => {
  const { triggers, end } = started({
    reconcile: () => {
      throw new Error('no');
    },
  });
  triggers.next('a');
  assert.equal(end(), 'running');
});

test('failures are counted in a row, and a success ends the row', async () => {
  const { triggers, timers, outcomes, finish, fail } = started();
  triggers.next('a');
  await fail('a', 'no');
  await timers.pass(100);
  await fail('a', 'no');
  await timers.pass(200);
  await finish('a');
  triggers.next('a');
  await fail('a', 'no');
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'Failed' ? outcome.failures : 0)),
    [1, 2, 0, 1],
  );
});

test('work in flight is finished at shutdown', async () => {
  const { triggers, shutdown, outcomes, finish, end } = started();
  triggers.next('a');
  shutdown.next();
  assert.equal(end(), 'running');
  await finish('a', requeueAfter(10));
  assert.equal(end(), 'completed');
  assert.deepEqual(
    outcomes.map(({ key }) => key),
    ['a'],
  );
});

test('keys that only wait are dropped at shutdown', async () => {
  const { triggers, timers, shutdown, running, finish, end } = started({ concurrency: 1 });
  triggers.next('a');
  await finish('a', requeueAfter(10));
  triggers.next('b');
  triggers.next('c');
  triggers.next('b');
  shutdown.next();
  triggers.next('d');
  await finish('b');
  await timers.pass(1000);
  assert.deepEqual(running(), []);
  assert.equal(end(), 'completed');
  assert.equal(timers.size, 0);
});

test('a shutdown before everything is synced ends it at once', () => {
  const { triggers, shutdown, running, end } = started({ synced: NEVER });
  triggers.next('a');
  shutdown.next();
  assert.deepEqual(running(), []);
  assert.equal(end(), 'completed');
});

test('an error of a trigger ends it', () => {
  const { triggers, end } = started();
  triggers.error(new Error('no'));
  assert.equal(end(), 'failed');
});

test('unsubscribing leaves no delay behind', async () => {
  const { triggers, timers, subscription, finish } = started();
  triggers.next('a');
  await finish('a', requeueAfter(100));
  subscription.unsubscribe();
  assert.equal(timers.size, 0);
});

test('10,000 keys leave nothing behind', async () => {
  const groupNames = new WeakMap<object, string>();
  const timers = new VirtualClock();
  const triggers = new Subject<object>();
  const subscription = controller<object>({
    triggers,
    synced: EMPTY,
    shutdown: NEVER,
    timers,
    concurrency: 10,
    groupOf: (key) => groupNames.get(key),
    reconcile: (key) =>
      groupNames.get(key) === undefined ? Promise.reject(new Error('no')) : Promise.resolve(awaitChange()),
    errorPolicy: (_key, _error, failures) => (failures < 3 ? requeueAfter(10) : awaitChange()),
  }).subscribe();
  const traces: WeakRef<object>[] = [];
  for (let index = 0; index < 10_000; index += 1) {
    const key = {};
    if (index % 2 === 0) groupNames.set(key, `group-${index % 1000}`);
    traces.push(new WeakRef(key));
    triggers.next(key);
  }
  await timers.pass(1000);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const left = traces.filter((trace) => trace.deref() !== undefined).length;
  subscription.unsubscribe();
  // What ran last may still be held by a register of the engine.
  assert.ok(left < 20, `${left} keys are left`);
  assert.equal(timers.size, 0);
});
