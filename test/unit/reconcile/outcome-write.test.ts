import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { aReset } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

/** One pass that calls; `meanwhile` happens while the call is under way. */
async function callWhile(meanwhile: (scene: Scene, operator: Operator) => void) {
  const scene = new Scene();
  const operator = new Operator(scene);
  await operator.pass(scene.ref);
  scene.cloudSql.onCall = () => meanwhile(scene, operator);
  await operator.pass(scene.ref);
  return { scene, operator };
}

describe('what became of a call', () => {
  test('lands over an edit that came meanwhile, and leaves the edit as it is', async () => {
    const { scene } = await callWhile(({ resets, ref }) => resets.edit(ref, { annotations: { note: 'x' } }));
    assert.equal(scene.status.request?.outcome, 'Accepted');
    assert.deepEqual(scene.reset.metadata.annotations, { note: 'x' });
  });

  test('lands when the API server is back', async () => {
    const { scene } = await callWhile((_scene, { faults }) => {
      const end = faults.calls.length + 8;
      faults.plan = (n, name) => (n < end && name.startsWith('resets.') ? 'Fail' : undefined);
    });
    assert.equal(scene.status.request?.outcome, 'Accepted');
  });

  for (const [kind, code] of [
    ['Forbidden', 403],
    ['Refused', 422],
    ['Unavailable', 500],
  ] as const) {
    test(`is given up after a while that the API server answers ${code}, and found out once it can be written`, async () => {
      const scene = new Scene();
      const operator = new Operator(scene);
      const { resets } = operator.context;
      let isOver = false;
      const error = new KubernetesError({ kind, message: 'no' });
      operator.context = {
        ...operator.context,
        resets: {
          get: (ref) => resets.get(ref),
          updateStatus: (reset, status) =>
            isOver || status.request?.outcome === undefined
              ? resets.updateStatus(reset, status)
              : Promise.reject(error),
        },
      };
      await operator.pass(scene.ref);
      const startMs = scene.clock.ownMs;
      await assert.rejects(reconcile(scene.ref, operator.context), error);
      assert.ok(scene.clock.ownMs - startMs <= 130_000, `${scene.clock.ownMs - startMs} ms`);
      assert.equal(scene.status.request?.outcome, undefined);
      isOver = true;
      await operator.resync();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
    });
  }

  test('is given up within seconds once the process is to end', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { resets } = operator.context;
    const error = new KubernetesError({ kind: 'Unavailable', message: 'no' });
    operator.context = {
      ...operator.context,
      ending: AbortSignal.abort(),
      resets: {
        get: (ref) => resets.get(ref),
        updateStatus: (reset, status) =>
          status.request?.outcome === undefined ? resets.updateStatus(reset, status) : Promise.reject(error),
      },
    };
    await operator.pass(scene.ref);
    const startMs = scene.clock.ownMs;
    await assert.rejects(reconcile(scene.ref, operator.context), error);
    assert.ok(scene.clock.ownMs - startMs <= 10_000, `${scene.clock.ownMs - startMs} ms`);
  });

  test('never lands on another object of the same name', async () => {
    const { scene } = await callWhile(({ resets }) => resets.create(aReset({ uid: 'another', status: {} })));
    assert.deepEqual(scene.status, {});
  });

  test('never lands over what somebody else found out of it', async () => {
    const { scene } = await callWhile(({ resets, reset }) => {
      const { request } = reset.status;
      assert.ok(request !== undefined);
      void resets.updateStatus(reset, { request: { ...request, outcome: 'Unknown' } });
    });
    assert.equal(scene.status.request?.outcome, 'Unknown');
  });

  test('never lands over a later attempt', async () => {
    const { scene } = await callWhile(({ resets, reset }) => {
      const { request } = reset.status;
      assert.ok(request !== undefined);
      void resets.updateStatus(reset, { request: { ...request, attempt: 2 } });
    });
    assert.deepEqual([scene.status.request?.attempt, scene.status.request?.outcome], [2, undefined]);
  });
});
