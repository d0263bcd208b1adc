/** The new server CA may be listed a while after the end of the operation: no later reset may take it for its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { aCall, anOperation, aReset, fingerprint } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

describe('a server CA that is listed 30 s after its reset', () => {
  for (const [how, spec, edit] of [
    ['edited', {}, { deadlineSeconds: 1_800 }],
    ['given another requestId', { requestId: 'a' }, { requestId: 'b' }],
  ] as const) {
    for (const editedMs of [2_000, 20_000]) {
      test(`a server CA that is listed 30 s after its reset is not taken for the one of the next request of an object that is ${how} after ${editedMs / 1000} s`, async () => {
        const fixture = new Fixture({ spec });
        fixture.cloudSql.caLagMs = 30_000;
        fixture.after(editedMs, () => fixture.resets.edit(fixture.ref, { spec: edit }));
        await new Operator(fixture).drive();
        assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 2]);
        assert.equal(fixture.status.serverCa?.sha1Fingerprint, fingerprint(3));
      });
    }
  }

  test('a server CA that is listed 30 s after its reset is not taken for the one of another object of the instance, and with the same fingerprint that calls nothing', async () => {
    const preconditions = { serverCaSha1Fingerprint: fingerprint(1) };
    const fixture = new Fixture({ spec: { preconditions } });
    fixture.cloudSql.caLagMs = 30_000;
    const second = fixture.resets.create(aReset({ name: 'second', spec: { preconditions } }));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, endOf(fixture.resets.read(second))].toSorted(), ['AlreadyRotated', 'Complete']);
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('a server CA that is listed 30 s after its reset that never comes holds up the next request for no longer than it is waited for', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.caLagMs = 10_000_000;
    fixture.after(2_000, () => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 1_800 } }));
    fixture.after(200_000, () => assert.equal(fixture.cloudSql.executed, 2));
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'ServerCaUnchanged');
  });
});

/** Deletes the object and makes it again, after that long. */
function makeAgain(fixture: Fixture, operator: Operator, afterMs: number): void {
  fixture.after(afterMs, () => {
    const { spec } = fixture.reset;
    fixture.resets.remove(fixture.ref);
    operator.hearDeleted(fixture.ref);
    fixture.resets.create(aReset({ uid: 'again', spec }));
  });
}

describe('an object that is deleted while it resets, and made again at once', () => {
  for (const [how, turn] of [
    ['that was accepted', { kind: 'Execute' }],
    ['whose answer was lost', { kind: 'Lose', executedAfterMs: 0 }],
  ] as const) {
    test(`an object that is made again does not take the CA of a call ${how} and that is listed late for the one of its own reset`, async () => {
      const fixture = new Fixture();
      const operator = new Operator(fixture);
      Object.assign(fixture.cloudSql, { operationMs: 5_000, listLagMs: 80_000, caLagMs: 30_000 });
      fixture.cloudSql.turns.push(turn);
      makeAgain(fixture, operator, 20_000);
      await operator.drive();
      assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 2]);
      assert.equal(fixture.status.serverCa?.sha1Fingerprint, fingerprint(3));
    });
  }

  test('an object that is made again waits for the grace of a lost call that was never executed, and then calls', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    makeAgain(fixture, operator, 5_000);
    fixture.after(290_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['WaitingForInstance', 1]);
      const said = findCondition(fixture.status.conditions, 'Reconciling')?.message ?? '';
      assert.match(said, /^The CloudSqlSslReset orders\/orders-db, which was of this instance too, was deleted in the/);
    });
    fixture.after(600_000, () => assert.equal(fixture.cloudSql.calls, 2));
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
  });

  test('an object that is made again waits for no grace where Cloud SQL lists what the deleted one began', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    makeAgain(fixture, operator, 5_000);
    fixture.after(180_000, () => assert.equal(fixture.cloudSql.calls, 2));
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 2]);
  });
});

test('a call waits for the server CA of a sibling also where the end of its reset was written down by a clock that lags', async () => {
  const fixture = new Fixture();
  const doneTime = new Date(fixture.clock.wallMs - 600_000).toISOString();
  const request = aCall({ time: doneTime, doneTime, outcome: 'Accepted' });
  const operation = anOperation({ status: 'DONE' });
  fixture.resets.create(aReset({ name: 'second', status: { observedGeneration: 1, request, operation } }));
  fixture.after(55_000, () => assert.equal(fixture.cloudSql.calls, 0));
  await new Operator(fixture).drive();
  assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Complete', 1]);
});
