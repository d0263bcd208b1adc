/** Before the call the API server is asked while Cloud SQL is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

/** What is asked of the API server before the call. */
const OF_CLUSTER = ['objects.get', 'objects.apply', 'workloads.list', 'workloads.annotateTemplate'];

describe('what is found out before the call', () => {
  test('the API server is asked what it will take while Cloud SQL still owes its first answer', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { faults } = operator;
    let asked: readonly string[] = [];
    faults.hold = (n, moment) =>
      moment === 'After' && faults.calls.indexOf('cloudSql.operations') === n
        ? untilIdle().then(() => {
            asked = [...faults.calls];
          })
        : undefined;
    await operator.drive();
    assert.deepEqual(
      OF_CLUSTER.filter((name) => !asked.includes(name)),
      [],
    );
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('the call is not recorded before each answer of the API server is there', async () => {
    for (const name of OF_CLUSTER) {
      const fixture = new Fixture();
      const operator = new Operator(fixture);
      const { faults } = operator;
      const held = Promise.withResolvers<void>();
      faults.hold = (n, moment) => (moment === 'After' && faults.calls.indexOf(name) === n ? held.promise : undefined);
      const driven = operator.drive();
      await untilIdle();
      assert.equal(fixture.status.request?.time, undefined, name);
      held.resolve();
      await driven;
      assert.deepEqual(await fixture.outcome(), DONE_ONCE, name);
    }
  });

  for (const name of OF_CLUSTER) {
    test(`a pass that Cloud SQL has ended waits for ${name}, and tells what Cloud SQL shows even where that fails`, async () => {
      const fixture = new Fixture();
      fixture.cloudSql.state = { ...fixture.cloudSql.state, state: 'MAINTENANCE' };
      const operator = new Operator(fixture);
      const { faults } = operator;
      const held = Promise.withResolvers<void>();
      faults.plan = (n) => (faults.calls.indexOf(name) === n ? 'Fail' : undefined);
      faults.hold = (n, moment) => (moment === 'Before' && faults.calls.indexOf(name) === n ? held.promise : undefined);
      let isOver = false;
      const received = operator.pass(fixture.ref);
      await received;
      const passed = operator.pass(fixture.ref).then(() => {
        isOver = true;
      });
      await untilIdle();
      assert.equal(isOver, false);
      held.resolve();
      await passed;
      assert.equal(fixture.reconcilingReason, 'WaitingForInstance');
      assert.equal(fixture.cloudSql.calls, 0);
    });
  }
});

/** Whatever waits for nothing but other promises is done by then. */
const untilIdle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
