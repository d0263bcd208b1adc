import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aSpec, at, fingerprint } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

const retry = (scene: Scene, value: string): void => scene.annotate({ [annotations.retry]: value });
const failing = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };

describe('which generation resets', () => {
  test('without requestId each one', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed, await scene.publishedCa()], ['Complete', 2, 'CA 3\n']);
  });

  test('with requestId none but those that change it; the others publish and roll anew', async () => {
    const scene = new Scene({ spec: { requestId: 'a' } });
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { serverCa: { configMapName: 'ca', key: 'ca.pem', contents: 'All' } } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed, scene.status.observedGeneration], ['Complete', 1, 2]);
    const published = await scene.objects.get({ kind: 'ConfigMap', namespace: 'orders', name: 'ca' });
    assert.deepEqual(published?.data, { 'ca.pem': 'CA 2\n' });
    scene.resets.edit(scene.ref, { spec: { requestId: 'b' } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 2]);
  });

  test('the first requestId of a finished object resets nothing', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { requestId: 'a' } });
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.status.request?.requestId, 'a');
    assert.equal(scene.objects.writes, 1, 'what is published already is not written again');
  });

  test('the first requestId that comes while the operation runs is the id of that reset; the next one is a new request', async () => {
    const scene = new Scene();
    scene.after(10_000, () => scene.resets.edit(scene.ref, { spec: { requestId: 'a' } }));
    scene.after(20_000, () => scene.resets.edit(scene.ref, { spec: { requestId: 'b' } }));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed, scene.status.request?.requestId], ['Complete', 2, 'b']);
  });

  test('one that comes while the operation runs waits for its end, then resets', async () => {
    const scene = new Scene();
    scene.after(10_000, () => scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } }));
    scene.after(39_000, () => assert.equal(scene.cloudSql.calls, 1));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed, scene.workloads.writes], ['Complete', 2, 2]);
  });

  test('the one of a deletion that waits for a finalizer does not: the operation is followed, and no more', async () => {
    const scene = new Scene();
    scene.after(10_000, () => scene.resets.edit(scene.ref, { deletionTimestamp: at(10) }));
    await new Operator(scene).drive();
    assert.equal(scene.status.operation?.status, 'DONE');
    assert.deepEqual([scene.cloudSql.calls, scene.workloads.writes, await scene.publishedCa()], [1, 0, undefined]);
  });
});

describe('suspend', () => {
  test('holds back a reset that was not called, without a deadline, until it is taken away', async () => {
    const scene = new Scene({ annotations: { [annotations.suspend]: 'true' } });
    const operator = new Operator(scene);
    await operator.drive();
    assert.deepEqual([scene.reconcilingReason, scene.cloudSql.reads], ['Suspended', 0]);
    const { writes } = scene;
    await operator.resync();
    assert.equal(scene.writes, writes);
    scene.clock.advance(10_000_000);
    scene.annotate({ [annotations.suspend]: 'false' });
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  for (const value of ['True', 'TRUE', 'yes', '1', 'on', '', 'true ', 'False', 'no', '0', 'false ']) {
    test(`is a brake: with ${JSON.stringify(value)} nothing is called, and the message names what was not understood`, async () => {
      const scene = new Scene({ annotations: { [annotations.suspend]: value } });
      const operator = new Operator(scene);
      await operator.drive();
      assert.deepEqual([scene.reconcilingReason, scene.cloudSql.reads, scene.cloudSql.calls], ['Suspended', 0, 0]);
      const message = findCondition(scene.status.conditions, 'Reconciling')?.message ?? '';
      assert.match(message, new RegExp(`suspend: "${value.trim()}" is not understood.*set it to "true" or "false"`));
      scene.annotate({ [annotations.suspend]: 'false' });
      await operator.drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
    });
  }

  test('after the call everything goes on', async () => {
    const scene = new Scene();
    scene.after(10_000, () => scene.annotate({ [annotations.suspend]: 'true' }));
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });
});

describe('permission', () => {
  const denied = { settings: { allowedInstances: [] } };
  const permit = (scene: Scene) => () =>
    scene.namespaces.annotationsOf.set('orders', { [annotations.allowedInstances]: 'acme-prod/orders-*' });

  test('that is missing stalls; given before the deadline it is enough', async () => {
    const scene = new Scene();
    scene.after(1_000_000, () => assert.equal(scene.end, 'NotPermitted'));
    scene.after(1_000_001, permit(scene));
    await new Operator(scene, denied).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('that is missing is looked at less and less often, without a write, and past the deadline no more', async () => {
    const scene = new Scene();
    const operator = new Operator(scene, denied);
    await operator.drive();
    assert.deepEqual([scene.end, scene.writes, scene.cloudSql.reads], ['NotPermitted', 2, 0]);
    assert.ok(operator.faults.calls.length < 100);
    permit(scene)();
    await operator.resync();
    assert.equal(scene.end, 'NotPermitted');
    retry(scene, '1');
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('ends with the namespace: nothing is called once that is being deleted', async () => {
    const scene = new Scene();
    scene.namespaces.deleted.add('orders');
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['NotPermitted', 0]);
  });

  test('that is taken away between preflight and call calls nothing', async () => {
    const scene = new Scene();
    permit(scene)();
    const operator = new Operator(scene, denied);
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.prepareReset') scene.namespaces.annotationsOf.clear();
      return undefined;
    };
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['NotPermitted', 0]);
  });
});

describe('an operation that failed', () => {
  test('stalls and is left alone; retry makes exactly one more call', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = failing;
    const operator = new Operator(scene);
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['OperationFailed', 1]);
    const before = [scene.writes, scene.cloudSql.reads];
    await operator.resync();
    assert.deepEqual([scene.writes, scene.cloudSql.reads], before);
    scene.cloudSql.operationError = undefined;
    retry(scene, '1');
    await operator.drive();
    await operator.resync();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, executed: 2 });
  });

  test('is told as one sentence, whether or not Cloud SQL ends its own with a full stop', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'It broke.' }] };
    await new Operator(scene).drive();
    const told = findCondition(scene.status.conditions, 'Stalled')?.message ?? '';
    assert.match(told, /failed: INTERNAL It broke\. The reset is not called again without: kubectl/);
  });

  test('and changed the CA all the same is published and rolled first, then stalls', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = failing;
    scene.after(10_000, () => scene.cloudSql.startForeign({}, 0, true));
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, end: 'OperationFailed' });
  });

  test('and changed the CA: retry of what stalled after it calls nothing', async () => {
    const scene = new Scene();
    scene.cloudSql.operationError = failing;
    scene.after(10_000, () => {
      scene.cloudSql.startForeign({}, 0, true);
      scene.occupy();
    });
    const operator = new Operator(scene);
    scene.after(60_000, () => assert.equal(scene.end, 'ObjectConflict'));
    scene.after(61_000, () => retry(scene, '1'));
    scene.after(62_000, () => scene.occupy({ [annotations.managedBy]: scene.ref.name }));
    await operator.drive();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, end: 'OperationFailed' });
  });
});

describe('after the reset', () => {
  test('an object of somebody else is left untouched, and handing it over is enough', async () => {
    const scene = new Scene();
    scene.after(10_000, () => scene.occupy());
    scene.after(100_000, () => assert.equal(scene.end, 'ObjectConflict'));
    scene.after(100_001, () => scene.occupy({ [annotations.managedBy]: scene.ref.name }));
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('a CA that shows up a while after the end of the operation is waited for', async () => {
    const scene = new Scene();
    scene.cloudSql.caLagMs = 50_000;
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('a CA that stays the old one is read again for a while, then stalls; retry calls nothing', async () => {
    const scene = new Scene();
    scene.cloudSql.state = { serverCaSha1Fingerprint: fingerprint(2) };
    const operator = new Operator(scene);
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ServerCaUnchanged', 1]);
    scene.cloudSql.startForeign({}, 0, true);
    retry(scene, '1');
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['Complete', 1]);
  });

  test('an accepted operation that vanished is published if the CA changed, and unknown if not', async () => {
    const gone = new Scene();
    gone.after(50, () => gone.cloudSql.forgetOperations());
    await new Operator(gone).drive();
    assert.deepEqual(await gone.outcome(), DONE_ONCE);
    const slow = new Scene();
    slow.after(50, () => slow.cloudSql.forgetOperations());
    slow.cloudSql.operationError = failing;
    slow.after(200_000, () => slow.cloudSql.startForeign({}, 0, true));
    await new Operator(slow).drive();
    assert.equal(slow.end, 'Complete');
    const failed = new Scene();
    failed.cloudSql.operationError = failing;
    failed.after(50, () => failed.cloudSql.forgetOperations());
    await new Operator(failed).drive();
    assert.deepEqual([failed.end, failed.cloudSql.calls], ['OutcomeUnknown', 1]);
  });
});

describe('a name that nobody can use, which a CRD of another version took', () => {
  const unusable = { rollout: { targets: [{ kind: 'Deployment', name: '.' }] } } as const;

  test('stalls before the call, and names the field', async () => {
    const scene = new Scene({ spec: unusable });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['InvalidRequest', 0]);
  });

  test('stalls after it, and goes on without a reset once it is corrected', async () => {
    const scene = new Scene({ spec: { requestId: 'a' } });
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { rollout: aSpec(unusable).rollout } });
    await operator.drive();
    assert.equal(scene.end, 'InvalidRequest');
    scene.resets.edit(scene.ref, { spec: { rollout: aSpec().rollout } });
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['Complete', 1]);
  });
});
