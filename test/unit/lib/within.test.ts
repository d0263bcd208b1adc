import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../../src/lib/within.ts';

const never = new Promise<never>(() => undefined);

test('what comes within its time is handed on, be it a value or an error', async () => {
  assert.equal(await within(60_000, Promise.resolve('here')), 'here');
  await assert.rejects(within(60_000, Promise.reject(new Error('no'))), new Error('no'));
});

test('what does not come within its time is a TimeoutError', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const late = assert.rejects(within(1000, never), { name: 'TimeoutError', message: 'no answer in time' });
  context.mock.timers.tick(1000);
  await late;
});

test('what does not come within its time is the error that the caller has for it, and not before', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let isOver = false;
  const late = within(1000, never, () => new Error('too late')).finally(() => {
    isOver = true;
  });
  late.catch(() => undefined);
  context.mock.timers.tick(999);
  await new Promise(setImmediate);
  assert.equal(isOver, false);
  context.mock.timers.tick(1);
  await assert.rejects(late, new Error('too late'));
});
