import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, rejection, Scene } from '../support/scene.ts';

const lose = (scene: Scene, executedAfterMs?: number): void => {
  scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs });
};

describe('a call whose answer is lost', () => {
  test('and that was executed is found and followed, never made again', async () => {
    const scene = new Scene();
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.cloudSql.calls, 1);
  });

  test('is found also where the CA shows up a while after the end of the operation', async () => {
    const scene = new Scene();
    scene.cloudSql.caLagMs = 50_000;
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('and that was not executed is made again, not before the grace is over', async () => {
    const scene = new Scene();
    lose(scene);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    const [first, second] = [scene.status.request?.receivedTime, scene.status.request?.time];
    assert.ok(Date.parse(second ?? '') - Date.parse(first ?? '') >= 300_000);
  });

  for (const executedAfterMs of [1_000, 100_000, 299_000]) {
    test(`and that is executed ${executedAfterMs / 1000} s later is found, never made again`, async () => {
      const scene = new Scene();
      lose(scene, executedAfterMs);
      await new Operator(scene).drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
      assert.equal(scene.cloudSql.calls, 1);
    });
  }

  test('and whose operation is listed late is found, though the CA has changed without an operation meanwhile', async () => {
    const scene = new Scene();
    scene.cloudSql.listLagMs = 250_000;
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.cloudSql.calls, 1);
  });

  test('is waited for anew after each restart: the grace is of the one who waits', async () => {
    const scene = new Scene();
    lose(scene, 500_000);
    const operator = new Operator(scene);
    for (const ms of [200_000, 400_000]) scene.after(ms, () => operator.restart());
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.cloudSql.calls, 1);
  });

  test('and whose operation failed ends as OperationFailed, never made again', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OperationFailed', 1]);
  });

  test('with our account unknown is never taken for ours: it stalls, and a person decides', async () => {
    const scene = new Scene();
    scene.cloudSql.user = undefined;
    lose(scene, 0);
    const operator = new Operator(scene);
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
    scene.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['Complete', 2]);
  });

  test('with our account unknown and an operation that failed is not made again', async () => {
    const scene = new Scene();
    scene.cloudSql.user = undefined;
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['OutcomeUnknown', 1]);
  });

  test('stays unknown under a newer generation of the same requestId, and is left alone', async () => {
    const scene = new Scene({ spec: { requestId: 'a' } });
    scene.cloudSql.user = undefined;
    lose(scene, 0);
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    const { writes } = scene;
    await operator.resync();
    assert.deepEqual([scene.end, scene.cloudSql.calls, scene.writes], ['OutcomeUnknown', 1, writes]);
    assert.equal(scene.status.observedGeneration, 2);
  });

  test('given up as unknown without a requestId takes the first one for its own; a later value is a new request', async () => {
    const scene = new Scene();
    scene.cloudSql.user = undefined;
    lose(scene, 0);
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { requestId: 'a' } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls, scene.status.request?.requestId], ['OutcomeUnknown', 1, 'a']);
    scene.resets.edit(scene.ref, { spec: { requestId: 'b' } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls, scene.status.request?.requestId], ['Complete', 2, 'b']);
  });

  test('gives way to a newer generation once its outcome is given up as unknown', async () => {
    const scene = new Scene();
    scene.cloudSql.user = undefined;
    lose(scene, 0);
    scene.after(60_000, () => scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } }));
    scene.after(290_000, () => assert.equal(scene.cloudSql.calls, 1));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.status.observedGeneration, scene.cloudSql.calls], ['Complete', 2, 2]);
  });

  test('is not made again by a retry that came before anyone knew that it stalls', async () => {
    const scene = new Scene();
    scene.cloudSql.user = undefined;
    lose(scene, 0);
    scene.after(60_000, () => scene.annotate({ [annotations.retry]: '1' }));
    const operator = new Operator(scene);
    await operator.drive();
    await operator.resync();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('and that changed the CA without an operation to be seen stalls, and nothing is called again', async () => {
    const scene = new Scene();
    lose(scene, 0);
    scene.after(100_000, () => scene.cloudSql.forgetOperations());
    scene.cloudSql.listLagMs = 150_000;
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('waits for a foreign operation that runs, and is then made again', async () => {
    const scene = new Scene();
    lose(scene);
    scene.after(10_000, () => scene.cloudSql.startForeign({ operationType: 'BACKUP_VOLUME' }, 900_000));
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.ok(
      Date.parse(scene.status.request?.time ?? '') >= Date.parse(scene.status.request?.receivedTime ?? '') + 910_000,
    );
  });
});

describe('an attempt in doubt', () => {
  test('keeps its baseline for the attempts after it', async () => {
    const scene = new Scene();
    scene.cloudSql.startForeign({}, 0);
    lose(scene);
    const operator = new Operator(scene);
    const baselines = new Set<string>();
    scene.resets.watch(({ status: { request } }) => {
      if (request?.before !== undefined) baselines.add(JSON.stringify(request.before));
    });
    scene.after(100_000, () => scene.cloudSql.startForeign({}, 0));
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.request?.attempt, baselines.size], ['Complete', 2, 1]);
  });

  // Beyond the one assumption on Cloud SQL; the baseline that is kept makes good for it as far as can be.
  test('that shows up after its grace, before the next attempt, is followed and not called over', async () => {
    const scene = new Scene();
    lose(scene, 600_000);
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('that shows up after its grace and failed is not called over either', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    lose(scene, 500_000);
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['OperationFailed', 1]);
  });

  test('that shows up after its grace is found also after a person said retry', async () => {
    const scene = new Scene();
    lose(scene, 600_000);
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400, 'invalid') });
    scene.after(700_000, () => scene.annotate({ [annotations.retry]: '1' }));
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('whose operation is not listed but whose CA is another one is not called over', async () => {
    const scene = new Scene();
    lose(scene);
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) });
    scene.after(400_000, () => scene.cloudSql.startForeign({}, 0, true));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['OutcomeUnknown', 0]);
  });

  test('that is refused because an operation runs is resolved, never called again straight away', async () => {
    const scene = new Scene();
    lose(scene);
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(409, 'operationInProgress') });
    const operator = new Operator(scene);
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.cloudSql.calls, 3);
    assert.ok(
      Date.parse(scene.status.request?.time ?? '') >= Date.parse(scene.status.request?.receivedTime ?? '') + 600_000,
    );
  });
});
