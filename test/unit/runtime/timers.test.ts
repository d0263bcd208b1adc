import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause, systemTimers } from '../../../src/runtime/timers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

test('a delay longer than setTimeout can hold is kept', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const run = t.mock.fn();
  systemTimers.after(60 * DAY_MS, run);
  t.mock.timers.tick(LONGEST_TIMEOUT_MS);
  t.mock.timers.tick(LONGEST_TIMEOUT_MS);
  t.mock.timers.tick(60 * DAY_MS - 2 * LONGEST_TIMEOUT_MS - 1);
  assert.equal(run.mock.callCount(), 0);
  t.mock.timers.tick(1);
  assert.equal(run.mock.callCount(), 1);
});

test('a delay longer than setTimeout can hold is cancelled in each of its parts', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const run = t.mock.fn();
  const cancel = systemTimers.after(60 * DAY_MS, run);
  t.mock.timers.tick(30 * DAY_MS);
  cancel();
  t.mock.timers.tick(60 * DAY_MS);
  assert.equal(run.mock.callCount(), 0);
});

test('a pause that nobody waits for sets no alarm any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const complete = t.mock.fn();
  pause(systemTimers, 10).subscribe({ complete }).unsubscribe();
  t.mock.timers.tick(10);
  assert.equal(complete.mock.callCount(), 0);
});
