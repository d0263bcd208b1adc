import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployment, INSTANCE, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

describe('killed', { concurrency: 3 }, () => {
  test('killed after the record and before the execution: the next process finds out, and resets once', async (t) => {
    const { apply, until, emulator, operator, restartOperator, resets } = await operatorFixture(t);
    emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: false } });
    await apply(reset());
    await emulator.journal.waitFor(({ api }) => api === 'resetSslConfig');
    await operator.kill();
    assert.equal(resets(), 0);
    await restartOperator();
    const { status } = await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(status.request?.attempt, 2);
  });

  test('killed after the execution and before the answer: the next process adopts the operation', async (t) => {
    const { apply, until, emulator, operator, restartOperator, resets } = await operatorFixture(t);
    emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: true } });
    await apply(reset());
    const call = await emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed);
    await operator.kill();
    await restartOperator();
    const { status } = await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(status.request?.attempt, 1);
    assert.equal(status.operation?.name, call.operation);
  });

  test('killed while the operation runs: the next process follows it', async (t) => {
    const { apply, until, emulator, operator, restartOperator, resets } = await operatorFixture(t);
    const release = emulator.operations.hold();
    await apply(reset(), deployment('app'));
    await until('db', ({ status }) => status.operation?.status === 'RUNNING');
    await operator.kill();
    await restartOperator();
    release();
    const { status } = await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(status.rollout?.summary, '1/1');
  });

  test('SIGTERM finishes the step in flight, ends with 0, and a restart with a Ready object writes nothing', async (t) => {
    const { apply, until, emulator, kubectl, operator, restartOperator, resets } = await operatorFixture(t);
    await apply(reset({ serverCa: { secretName: 'ca' } }), deployment('app'));
    const before = await until('db', isReady);
    assert.equal(await operator.kill('SIGTERM'), 0, operator.log);
    const calls = emulator.journal.entries().length;
    await restartOperator();
    // The second object is worked on after the first one was looked at.
    await apply(reset({ instance: 'none' }, { name: 'last' }));
    await until('last', ({ status }) => status.request !== undefined);
    const version = await kubectl(['get', 'sslreset', 'db', '-o', 'jsonpath={.metadata.resourceVersion}']);
    assert.equal(version, before.metadata.resourceVersion);
    assert.equal(
      emulator.journal
        .entries()
        .slice(calls)
        .filter(({ instance }) => instance === INSTANCE).length,
      0,
    );
    assert.equal(resets(), 1);
  });
});
