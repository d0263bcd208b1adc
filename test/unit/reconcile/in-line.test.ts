import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Slot } from '../../../src/reconcile/ports.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

/** A project whose quota is used up, until somebody frees a slot. */
function usedUp(scene: Scene) {
  const { promise, resolve } = Promise.withResolvers<Slot>();
  const done: string[] = [];
  scene.cloudSql.trySlot = () => undefined;
  scene.cloudSql.slot = () => promise;
  const slot: Slot = { spend: () => done.push('spent'), giveBack: () => done.push('given back') };
  const free = async (): Promise<void> => {
    resolve(slot);
    await promise;
  };
  return { done, free };
}

describe('an object in line for the quota', () => {
  it('asks Cloud SQL nothing and writes nothing before its turn, and is then reset once', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { done, free } = usedUp(scene);
    await operator.pass(scene.ref);
    const { writes } = scene;
    await operator.pass(scene.ref);
    await operator.pass(scene.ref);
    assert.deepEqual([scene.cloudSql.reads, scene.writes, scene.cloudSql.calls], [0, writes, 0]);
    await free();
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.deepEqual(done, ['spent']);
  });

  it('stalls at its deadline', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    usedUp(scene);
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['DeadlineExceeded', 0]);
  });

  it('gives its turn away when it is suspended meanwhile', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { done, free } = usedUp(scene);
    await operator.pass(scene.ref);
    await operator.pass(scene.ref);
    scene.annotate({ 'cloudsql-ssl.dev/suspend': 'true' });
    await free();
    await operator.drive();
    assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls, done], ['Suspended', 0, ['given back']]);
  });

  it('gives its turn away when it is gone', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { done, free } = usedUp(scene);
    await operator.pass(scene.ref);
    await operator.pass(scene.ref);
    await free();
    scene.resets.remove(scene.ref);
    await operator.drive();
    assert.deepEqual(done, ['given back']);
  });

  it('gives its turn away when its preflight finds an obstacle', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { done, free } = usedUp(scene);
    scene.cloudSql.state = { state: 'SUSPENDED' };
    await operator.pass(scene.ref);
    await operator.pass(scene.ref);
    await free();
    await operator.pass(scene.ref);
    assert.deepEqual([scene.cloudSql.calls, done], [0, ['given back']]);
  });
});
