import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { ca } from '../../support/fakes/followed.ts';
import { Operator } from '../../support/fakes/operator.ts';

const lose = (fixture: Fixture, executedAfterMs?: number): void => {
  fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs });
};

describe('a call whose answer is lost', () => {
  test('a call whose answer is lost and that was executed is found and followed, never made again', async () => {
    const fixture = new Fixture();
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call whose answer is lost is found also where the CA shows up a while after the end of the operation', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.caLagMs = 50_000;
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a call whose answer is lost and that was not executed is made again, not before the grace is over', async () => {
    const fixture = new Fixture();
    lose(fixture);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    const [first, second] = [fixture.status.request?.receivedTime, fixture.status.request?.time];
    assert.ok(Date.parse(second ?? '') - Date.parse(first ?? '') >= 300_000);
  });

  test('a switch by somebody to a CA that was listed before is no trace of a reset whose answer is lost: it is called once more', async () => {
    const fixture = new Fixture();
    const { cloudSql } = fixture;
    cloudSql.listed = [ca(1), ca(9)];
    lose(fixture);
    fixture.after(60_000, () => {
      cloudSql.state = { serverCaSha1Fingerprint: fingerprint(9) };
      cloudSql.listed = [ca(9), ca(1)];
    });
    cloudSql.onCall = () => {
      if (cloudSql.calls === 0) return;
      cloudSql.state = {};
      cloudSql.listed = undefined;
    };
    await new Operator(fixture).drive();
    assert.deepEqual(fixture.status.request?.before?.alsoListed, [fingerprint(9)]);
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(cloudSql.calls, 2);
  });

  for (const executedAfterMs of [1_000, 100_000, 299_000]) {
    test(`a call whose answer is lost and that is executed ${executedAfterMs / 1000} s later is found, never made again`, async () => {
      const fixture = new Fixture();
      lose(fixture, executedAfterMs);
      await new Operator(fixture).drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.cloudSql.calls, 1);
    });
  }

  test('a call whose answer is lost and whose operation is listed late is found, though the CA has changed without an operation meanwhile', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.listLagMs = 250_000;
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call whose answer is lost is waited for again after each restart: the grace is of the one who waits', async () => {
    const fixture = new Fixture();
    lose(fixture, 500_000);
    const operator = new Operator(fixture);
    for (const ms of [200_000, 400_000]) fixture.after(ms, () => operator.restart());
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call whose answer is lost and whose operation failed ends as OperationFailed, never made again', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OperationFailed', 1]);
  });

  test('a call whose answer is lost with our account unknown is never taken for ours: it stalls, and a person decides', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    lose(fixture, 0);
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
    fixture.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Complete', 2]);
  });

  test('a call whose answer is lost with our account unknown and an operation that failed is not made again', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['OutcomeUnknown', 1]);
  });

  test('a call whose answer is lost stays unknown under a newer generation of the same requestId, and is left alone', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    fixture.cloudSql.user = undefined;
    lose(fixture, 0);
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    const { writes } = fixture;
    await operator.resync();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls, fixture.writes], ['OutcomeUnknown', 1, writes]);
    assert.equal(fixture.status.observedGeneration, 2);
  });

  test('a call whose answer is lost: given up as unknown without a requestId takes the first one for its own; a later value is a new request', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    lose(fixture, 0);
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'a' } });
    await operator.drive();
    assert.deepEqual(
      [fixture.end, fixture.cloudSql.calls, fixture.status.request?.requestId],
      ['OutcomeUnknown', 1, 'a'],
    );
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls, fixture.status.request?.requestId], ['Complete', 2, 'b']);
  });

  test('a call whose answer is lost gives way to a newer generation once its outcome is given up as unknown', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    lose(fixture, 0);
    fixture.after(60_000, () => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } }));
    fixture.after(290_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.status.observedGeneration, fixture.cloudSql.calls], ['Complete', 2, 2]);
  });

  test('a call whose answer is lost is not made again by a retry that came before anyone knew that it stalls', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    lose(fixture, 0);
    fixture.after(60_000, () => fixture.annotate({ [annotations.retry]: '1' }));
    const operator = new Operator(fixture);
    await operator.drive();
    await operator.resync();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('a call whose answer is lost and that changed the CA without an operation to be seen stalls, and nothing is called again', async () => {
    const fixture = new Fixture();
    lose(fixture, 0);
    fixture.after(100_000, () => fixture.cloudSql.forgetOperations());
    fixture.cloudSql.listLagMs = 150_000;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('a call whose answer is lost waits for a foreign operation that runs, and is then made again', async () => {
    const fixture = new Fixture();
    lose(fixture);
    fixture.after(10_000, () => fixture.cloudSql.startForeign({ operationType: 'BACKUP_VOLUME' }, 900_000));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.ok(
      Date.parse(fixture.status.request?.time ?? '') >=
        Date.parse(fixture.status.request?.receivedTime ?? '') + 910_000,
    );
  });
});

describe('an attempt in doubt', () => {
  test('an attempt in doubt keeps its baseline for the attempts after it', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.startForeign({}, 0);
    lose(fixture);
    const operator = new Operator(fixture);
    const baselines = new Set<string>();
    fixture.resets.watch(({ status: { request } }) => {
      if (request?.before !== undefined) baselines.add(JSON.stringify(request.before));
    });
    fixture.after(100_000, () => fixture.cloudSql.startForeign({}, 0));
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.request?.attempt, baselines.size], ['Complete', 2, 1]);
  });

  // Beyond the one assumption on Cloud SQL; the baseline that is kept makes good for it as far as can be.
  test('an attempt in doubt that shows up after its grace, before the next attempt, is followed and not called over', async () => {
    const fixture = new Fixture();
    lose(fixture, 600_000);
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an attempt in doubt that shows up after its grace and failed is not called over either', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(fixture, 500_000);
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['OperationFailed', 1]);
  });

  test('an attempt in doubt that shows up after its grace is found also after a person said retry', async () => {
    const fixture = new Fixture();
    lose(fixture, 600_000);
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400, 'invalid') });
    fixture.after(700_000, () => fixture.annotate({ [annotations.retry]: '1' }));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an attempt in doubt whose operation is not listed but whose CA is another one is not called over', async () => {
    const fixture = new Fixture();
    lose(fixture);
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    fixture.after(400_000, () => fixture.cloudSql.startForeign({}, 0, true));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['OutcomeUnknown', 0]);
  });

  test('an attempt in doubt that is refused because an operation runs is resolved, never called again straight away', async () => {
    const fixture = new Fixture();
    lose(fixture);
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(409, 'operationInProgress') });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 3);
    assert.ok(
      Date.parse(fixture.status.request?.time ?? '') >=
        Date.parse(fixture.status.request?.receivedTime ?? '') + 600_000,
    );
  });
});
