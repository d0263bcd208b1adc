import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ELECTION } from '../../support/operator/election.ts';
import { isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

test('an API server that does not answer for long costs the leader its lease, and not its life', async (t) => {
  const { apply, until, cluster, emulator, operator, resets } = await operatorFixture(t, { flags: ELECTION });
  const release = emulator.operations.hold();
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
  release();
  await until('db', isReady);
  assert.equal(resets(), 1);
  assert.ok(operator.isAlive);
});
