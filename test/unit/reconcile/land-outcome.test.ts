import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aReset } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

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
