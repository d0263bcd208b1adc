import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refOf } from '../../../src/lib/key.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import type { Slot, Slots } from '../../../src/reconcile/cloud-sql-port.ts';
import { aKey } from '../../support/fakes/builders.ts';

/** Slots that the test frees one by one. */
class Quota implements Slots {
  free = 0;
  spent = 0;
  readonly waiting: { readonly project: string; readonly resolve: (slot: Slot) => void }[] = [];

  trySlot(project: string): Slot | undefined {
    return this.waiting.some((one) => one.project === project) || this.free === 0 ? undefined : this.#give();
  }

  slotPauseMs(): number {
    return 0;
  }

  slot(project: string): Promise<Slot> {
    const { promise, resolve } = Promise.withResolvers<Slot>();
    this.waiting.push({ project, resolve });
    this.#serve();
    return promise;
  }

  async release(count: number): Promise<void> {
    this.free += count;
    this.#serve();
    // Each slot that is handed on takes some promises.
    for (let ticks = 0; ticks < 50; ticks += 1) await Promise.resolve();
  }

  #serve(): void {
    while (this.free > 0) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      next.resolve(this.#give());
    }
  }

  #give(): Slot {
    this.free -= 1;
    return {
      spend: () => {
        this.spent += 1;
      },
      giveBack: () => {
        this.free += 1;
        this.#serve();
      },
    };
  }
}

function setUp({ free = 0 } = {}) {
  const quota = new Quota();
  quota.free = free;
  const woken: string[] = [];
  const queue = new CallQueue(quota, (keys) => woken.push(...keys.map((key) => refOf(key).name)));
  const take = (name: string, project = 'acme-prod') => queue.take(aKey(`orders/${name}`), project);
  const slotOf = (name: string) => queue.slotOf(aKey(`orders/${name}`));
  return { quota, woken, queue, take, slotOf };
}

describe('the queue of calls', () => {
  it('the queue of calls gives a slot at once where one is free and nobody waits', () => {
    const { take, quota } = setUp({ free: 1 });
    take('a')?.spend();
    assert.deepEqual([quota.spent, quota.free], [1, 0]);
  });

  it('the queue of calls wakes those that wait in their order, as slots become free', async () => {
    const { take, quota, woken, slotOf } = setUp();
    for (const name of ['a', 'b', 'c']) assert.equal(take(name), undefined);
    await quota.release(2);
    assert.deepEqual(woken, ['a', 'b']);
    assert.ok(slotOf('a'));
    assert.equal(slotOf('c'), undefined);
    take('a')?.spend();
    assert.equal(quota.spent, 1);
  });

  it('the queue of calls lets nobody who comes later go first', async () => {
    const { take, quota, woken } = setUp();
    take('a');
    await quota.release(0);
    quota.free = 1;
    assert.equal(take('b'), undefined);
    await quota.release(1);
    assert.deepEqual(woken, ['a', 'b']);
  });

  it('the queue of calls keeps the place of one that asks again', async () => {
    const { take, quota, woken } = setUp();
    for (const name of ['a', 'b', 'a']) take(name);
    await quota.release(3);
    assert.deepEqual(woken, ['a', 'b']);
    assert.equal(quota.free, 1);
  });

  it('the queue of calls passes a slot on to the next when it is given back', async () => {
    const { take, quota, woken } = setUp();
    for (const name of ['a', 'b', 'c']) take(name);
    await quota.release(1);
    const slot = take('a');
    slot?.giveBack();
    slot?.giveBack();
    await quota.release(0);
    assert.deepEqual(woken, ['a', 'b']);
    take('b')?.spend();
    await quota.release(0);
    assert.deepEqual([woken, quota.spent, quota.free], [['a', 'b'], 1, 0]);
  });

  it('the queue of calls forgets a slot once it was used: the next pass waits again', async () => {
    const { take, quota, slotOf } = setUp();
    take('a');
    await quota.release(1);
    take('a')?.spend();
    assert.equal(slotOf('a'), undefined);
    assert.equal(take('a'), undefined);
  });

  it('the queue of calls lets no project wait for another', async () => {
    const { take, quota } = setUp();
    take('a');
    quota.free = 1;
    assert.ok(take('b', 'other-project'));
  });

  it('the queue of calls gives slots out no faster than passes use them', async () => {
    const { take, quota, woken } = setUp();
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    for (const name of names) take(name);
    await quota.release(100);
    assert.deepEqual(woken, names.slice(0, 8));
    take('n0')?.spend();
    take('n1')?.giveBack();
    await quota.release(0);
    assert.deepEqual(woken, names.slice(0, 10));
    assert.equal(take('late'), undefined);
  });

  it('the queue of calls gives all slots back at the end, also those that come later', async () => {
    const { take, quota, queue, woken } = setUp();
    for (const name of ['a', 'b']) take(name);
    await quota.release(1);
    queue.close();
    await quota.release(1);
    assert.deepEqual([woken, quota.free], [['a'], 2]);
  });
});
