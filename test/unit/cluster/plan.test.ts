import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plan } from '../../support/plan.ts';

const ALL = ['test/integration/a.disruptive.test.ts', 'test/integration/b.test.ts', 'test/integration/sub/c.test.ts'];

test('all files are run when none is named, the disruptive ones apart', () => {
  const { regular, disruptive } = plan([], ALL);
  assert.deepEqual(regular, ['test/integration/b.test.ts', 'test/integration/sub/c.test.ts']);
  assert.deepEqual(disruptive, ['test/integration/a.disruptive.test.ts']);
});

for (const name of [
  'c.test.ts',
  'sub/c.test.ts',
  './test/integration/sub/c.test.ts',
  'test/integration/sub/c.test.ts',
]) {
  test(`only the file that ${name} names is run`, () => {
    assert.deepEqual(plan([name], ALL), { regular: ['test/integration/sub/c.test.ts'], disruptive: [], flags: [] });
  });
}

test('everything that is no test file is passed on to node --test in its order', () => {
  const { flags } = plan(['--test-name-pattern', 'rolls out', 'b.test.ts', '--test-only'], ALL);
  assert.deepEqual(flags, ['--test-name-pattern', 'rolls out', '--test-only']);
});

test('a file that does not exist is refused', () => {
  assert.throws(() => plan(['nowhere.test.ts'], ALL), { message: /nowhere\.test\.ts/ });
});
