/** Cloud SQL does not know an operation any more that it has accepted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const failing = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };

describe('the status of an operation that Cloud SQL does not know any more', () => {
  test('the status of an operation that Cloud SQL does not know any more is UNKNOWN on the object that is Ready by what the instance shows', async () => {
    const fixture = new Fixture();
    fixture.after(50, () => fixture.cloudSql.forgetOperations());
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.operation?.status, 'UNKNOWN');
    const done = fixture.status.conditions?.find(({ type }) => type === 'ResetDone');
    assert.match(done?.message ?? '', /^Operation op-1 is no longer known to Cloud SQL; the instance shows/);
  });

  test('the status of an operation that Cloud SQL does not know any more is UNKNOWN on the object that is stalled by what the instance shows', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = failing;
    fixture.after(50, () => fixture.cloudSql.forgetOperations());
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.status.operation?.status], ['OutcomeUnknown', 'UNKNOWN']);
  });

  test('the status of an operation that Cloud SQL does not know any more is the truth again as soon as it is known again', async () => {
    const fixture = new Fixture();
    fixture.after(50, () => {
      fixture.cloudSql.hidesOperations = true;
    });
    fixture.after(5_000, () => {
      assert.equal(fixture.status.operation?.status, 'UNKNOWN');
      fixture.cloudSql.hidesOperations = false;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.operation?.status, 'DONE');
  });

  test('the status of an operation that Cloud SQL does not know any more is the truth where a single poll was answered in vain while the new CA was there already', async () => {
    const fixture = new Fixture();
    fixture.after(40_000, () => {
      fixture.cloudSql.hidesOperations = true;
    });
    fixture.after(46_000, () => {
      fixture.cloudSql.hidesOperations = false;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.operation?.status, 'DONE');
  });

  for (const [how, error, end] of [
    ['', undefined, 'Complete'],
    [', also that it failed', failing, 'OperationFailed'],
  ] as const) {
    test(`the status of an operation that Cloud SQL does not know any more is the truth at the end where it is known again while workloads roll${how}`, async () => {
      const fixture = new Fixture();
      fixture.cloudSql.operationError = error;
      if (error !== undefined) fixture.after(30_000, () => fixture.cloudSql.startForeign({}, 0, true));
      fixture.after(50, () => {
        fixture.cloudSql.hidesOperations = true;
      });
      fixture.resets.watch(({ status: { request } }) => {
        if (request?.publishedTime !== undefined) fixture.cloudSql.hidesOperations = false;
      });
      await new Operator(fixture).drive();
      assert.deepEqual([fixture.end, fixture.status.operation?.status], [end, 'DONE']);
      assert.equal(fixture.status.rollout?.summary, '2/2');
    });
  }
});

describe('an instance that is deleted while its operation is followed', () => {
  const deleted = (): Fixture => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    fixture.after(5_000, () => {
      fixture.cloudSql.forgetOperations();
      fixture.cloudSql.isInstanceGone = true;
    });
    return fixture;
  };

  test('an instance that is deleted while its operation is followed waits as InstanceNotFound for the grace, and then stalls as OutcomeUnknown', async () => {
    const fixture = deleted();
    const begin = fixture.clock.wallMs;
    fixture.after(200_000, () => assert.equal(fixture.reconcilingReason, 'InstanceNotFound'));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
    assert.match(fixture.status.conditions?.[0]?.message ?? '', /no longer knows operation op-1 or the instance/);
    const waitedMs = fixture.clock.wallMs - begin;
    assert.ok(waitedMs >= 300_000 && waitedMs < 1_000_000, `after ${waitedMs} ms`);
  });

  test('an instance that is deleted while its operation is followed that was away for less than the grace is followed as before', async () => {
    const fixture = new Fixture();
    fixture.after(5_000, () => {
      fixture.cloudSql.isInstanceGone = true;
      fixture.cloudSql.hidesOperations = true;
    });
    fixture.after(200_000, () => {
      fixture.cloudSql.isInstanceGone = false;
      fixture.cloudSql.hidesOperations = false;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  for (const [what, ask] of [
    ['retry', (fixture: Fixture) => fixture.annotate({ [annotations.retry]: '1' })],
    ['a new requestId', (fixture: Fixture) => void fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } })],
  ] as const) {
    test(`an instance that is deleted while its operation is followed is reset once it is back, by ${what}`, async () => {
      const fixture = deleted();
      const operator = new Operator(fixture);
      await operator.drive();
      fixture.cloudSql.isInstanceGone = false;
      ask(fixture);
      await operator.drive();
      assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Complete', 2]);
    });
  }
});
