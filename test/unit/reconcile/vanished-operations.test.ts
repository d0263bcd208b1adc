/** Cloud SQL does not know an operation any more that it has accepted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

const failing = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };

describe('the status of an operation that Cloud SQL does not know any more', () => {
  test('is UNKNOWN on the object that is Ready by what the instance shows', async () => {
    const scene = new Scene();
    scene.after(50, () => scene.cloudSql.forgetOperations());
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.status.operation?.status, 'UNKNOWN');
    const done = scene.status.conditions?.find(({ type }) => type === 'ResetDone');
    assert.match(done?.message ?? '', /^Operation op-1 is no longer known to Cloud SQL; the instance shows/);
  });

  test('is UNKNOWN on the object that is stalled by what the instance shows', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = failing;
    scene.after(50, () => scene.cloudSql.forgetOperations());
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.status.operation?.status], ['OutcomeUnknown', 'UNKNOWN']);
  });

  test('is the truth again as soon as it is known again', async () => {
    const scene = new Scene();
    scene.after(50, () => {
      scene.cloudSql.hidesOperations = true;
    });
    scene.after(5_000, () => {
      assert.equal(scene.status.operation?.status, 'UNKNOWN');
      scene.cloudSql.hidesOperations = false;
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.status.operation?.status, 'DONE');
  });

  test('is the truth where a single poll was answered in vain while the new CA was there already', async () => {
    const scene = new Scene();
    scene.after(40_000, () => {
      scene.cloudSql.hidesOperations = true;
    });
    scene.after(46_000, () => {
      scene.cloudSql.hidesOperations = false;
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.status.operation?.status, 'DONE');
  });

  for (const [how, error, end] of [
    ['', undefined, 'Complete'],
    [', also that it failed', failing, 'OperationFailed'],
  ] as const) {
    test(`is the truth at the end where it is known again while workloads roll${how}`, async () => {
      const scene = new Scene();
      scene.cloudSql.operationError = error;
      if (error !== undefined) scene.after(30_000, () => scene.cloudSql.startForeign({}, 0, true));
      scene.after(50, () => {
        scene.cloudSql.hidesOperations = true;
      });
      scene.resets.watch(({ status: { request } }) => {
        if (request?.publishedTime !== undefined) scene.cloudSql.hidesOperations = false;
      });
      await new Operator(scene).drive();
      assert.deepEqual([scene.end, scene.status.operation?.status], [end, 'DONE']);
      assert.equal(scene.status.rollout?.summary, '2/2');
    });
  }
});

describe('an instance that is deleted while its operation is followed', () => {
  const deleted = (): Scene => {
    const scene = new Scene({ spec: { requestId: 'a' } });
    scene.after(5_000, () => {
      scene.cloudSql.forgetOperations();
      scene.cloudSql.isInstanceGone = true;
    });
    return scene;
  };

  test('waits as InstanceNotFound for the grace, and then stalls as OutcomeUnknown', async () => {
    const scene = deleted();
    const begin = scene.clock.wallMs;
    scene.after(200_000, () => assert.equal(scene.reconcilingReason, 'InstanceNotFound'));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
    assert.match(scene.status.conditions?.[0]?.message ?? '', /no longer knows operation op-1 or the instance/);
    const waitedMs = scene.clock.wallMs - begin;
    assert.ok(waitedMs >= 300_000 && waitedMs < 1_000_000, `after ${waitedMs} ms`);
  });

  test('that was away for less than the grace is followed as before', async () => {
    const scene = new Scene();
    scene.after(5_000, () => {
      scene.cloudSql.isInstanceGone = true;
      scene.cloudSql.hidesOperations = true;
    });
    scene.after(200_000, () => {
      scene.cloudSql.isInstanceGone = false;
      scene.cloudSql.hidesOperations = false;
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  for (const [what, ask] of [
    ['retry', (scene: Scene) => scene.annotate({ [annotations.retry]: '1' })],
    ['a new requestId', (scene: Scene) => void scene.resets.edit(scene.ref, { spec: { requestId: 'b' } })],
  ] as const) {
    test(`is reset once it is back, by ${what}`, async () => {
      const scene = deleted();
      const operator = new Operator(scene);
      await operator.drive();
      scene.cloudSql.isInstanceGone = false;
      ask(scene);
      await operator.drive();
      assert.deepEqual([scene.end, scene.cloudSql.calls], ['Complete', 2]);
    });
  }
});
