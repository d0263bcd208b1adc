import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, INSTANCE, isReady, PROJECT, reset } from './bench.ts';
import { ELECTION } from './election.ts';

test('an API server that does not answer for long costs the leader its lease, and not its life', async (t) => {
  const { apply, until, cluster, operator, resets } = await bench(t, {
    flags: ELECTION,
    emulator: { instances: [{ project: PROJECT, name: INSTANCE }], plan: { runningMs: 3_000 } },
  });
  await operator.says('Leading');
  await apply(reset());
  await until('db', ({ status }) => status.operation?.status === 'RUNNING');
  await cluster.pauseApiServer();
  try {
    await operator.says('The lease is lost');
  } finally {
    await cluster.resumeApiServer();
  }
  await operator.says('Leading', 2);
  await until('db', isReady);
  assert.equal(resets(), 1);
  assert.ok(operator.isAlive);
});
