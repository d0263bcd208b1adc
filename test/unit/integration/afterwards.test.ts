import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterwards } from '../../support/afterwards.ts';

/** A test as node:test has it: its hooks run in turn, and none after one that fails. */
const aTest = () => {
  const hooks: (() => Promise<void>)[] = [];
  return {
    after: (hook: () => Promise<void>) => void hooks.push(hook),
    end: async () => {
      for (const hook of hooks) await hook();
    },
  };
};

test('what was made last is cleaned up first', async () => {
  const t = aTest();
  const done: string[] = [];
  afterwards(t, () => done.push('namespace'));
  afterwards(t, () => done.push('operator'));
  await t.end();
  assert.deepEqual(done, ['operator', 'namespace']);
});

test('everything is cleaned up whatever fails of it, and the failures are reported', async () => {
  const t = aTest();
  const done: string[] = [];
  afterwards(t, () => done.push('namespace'));
  afterwards(t, () => Promise.reject(new Error('connection refused')));
  await assert.rejects(t.end(), /connection refused/);
  assert.deepEqual(done, ['namespace']);
});
