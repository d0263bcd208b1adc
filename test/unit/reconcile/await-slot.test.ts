import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Slot } from '../../../src/reconcile/ports.ts';
import { FREE_SLOTS } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, rejection, Scene } from '../support/scene.ts';

const messageOf = ({ status }: Scene): string => status.conditions?.[0]?.message ?? '';

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

describe('an object that waits for a slot of the quota', () => {
  it('asks Cloud SQL nothing and writes nothing before it has one, and is then reset once', async () => {
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

  it('stalls at its deadline, and says that it was in line', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    usedUp(scene);
    await operator.drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['DeadlineExceeded', 0]);
    assert.match(messageOf(scene), /Last: Throttled: The reset is queued for the quota of project acme-prod/);
  });

  it('says Throttled after some seconds, and asks Cloud SQL nothing for that', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    usedUp(scene);
    scene.after(4_000, () => assert.equal(scene.reconcilingReason, 'Preflight'));
    scene.after(6_000, () => assert.equal(scene.reconcilingReason, 'Throttled'));
    await operator.drive();
    assert.equal(scene.cloudSql.reads, 0);
    assert.ok(scene.writes < 10, `${scene.writes} writes`);
    assert.ok(operator.events.filter(({ reason }) => reason === 'Throttled').length === 1);
  });

  it('says Throttled at once where a refusal to a neighbour pauses the project, with the time at which it ends', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    const { done, free } = usedUp(scene);
    const endMs = scene.clock.wallMs + 600_000;
    scene.cloudSql.slotPauseMs = () => Math.max(0, endMs - scene.clock.wallMs);
    scene.after(1_000, () => {
      assert.equal(scene.reconcilingReason, 'Throttled');
      assert.match(messageOf(scene), /until about 20\d\d-\d\d-\d\dT\d\d:\d\d:00Z/);
    });
    scene.after(600_000, () => void free());
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.deepEqual([scene.cloudSql.calls, done], [1, ['spent']]);
  });

  it('keeps the failures that it had: the back-off does not begin anew', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    for (let n = 0; n < 3; n += 1) scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(429) });
    scene.after(2_000, () => usedUp(scene));
    scene.after(60_000, () => {
      assert.deepEqual([scene.reconcilingReason, scene.status.request?.failures], ['Throttled', 2]);
      assert.match(messageOf(scene), /queued/);
      scene.cloudSql.trySlot = FREE_SLOTS.trySlot;
      scene.annotate({ 'cloudsql-ssl.dev/suspend': 'true' });
      scene.annotate({ 'cloudsql-ssl.dev/suspend': 'false' });
    });
    await operator.drive();
    assert.equal(scene.cloudSql.executed, 1);
  });

  it('gives its slot back when it is suspended meanwhile', async () => {
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

  it('gives its slot back when it is gone', async () => {
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

  it('gives its slot back when its preflight finds an obstacle', async () => {
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
