import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CONCURRENCY = 2;
const KEYS = ['x1', 'x2', 'y1', 'y2', 'a', 'b'] as const;
const groupOf = (key: string): string | undefined => (/^[xy]/.test(key) ? key.charAt(0) : undefined);

type Step =
  | { readonly kind: 'add'; readonly key: string }
  | { readonly kind: 'addAfter'; readonly key: string; readonly delayMs: number }
  | { readonly kind: 'done'; readonly nth: number }
  | { readonly kind: 'advance'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ kind: fc.constant('addAfter' as const), key: fc.constantFrom(...KEYS), delayMs: fc.nat(20) }),
  fc.record({ kind: fc.constant('done' as const), nth: fc.nat(CONCURRENCY - 1) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(15) }),
);

/** The queue in its simplest form: which keys are owed a run, and when a delayed one falls due. */
class Model {
  readonly owed = new Set<string>();
  readonly due = new Map<string, number>();
  readonly running = new Set<string>();
  nowMs = 0;

  add(key: string): void {
    this.due.delete(key);
    this.owed.add(key);
  }

  addAfter(key: string, delayMs: number): void {
    if (delayMs === 0) this.add(key);
    else if (!this.owed.has(key)) this.due.set(key, Math.min(this.due.get(key) ?? Infinity, this.nowMs + delayMs));
  }

  start(key: string): void {
    assert.ok(this.owed.delete(key), `${key} runs although nobody asked for it`);
    assert.ok(!this.running.has(key), `${key} runs twice at the same time`);
    const group = groupOf(key);
    assert.ok(![...this.running].some((other) => group !== undefined && groupOf(other) === group), `${group} is busy`);
    this.running.add(key);
    assert.ok(this.running.size <= CONCURRENCY, 'more keys run than allowed');
  }

  /** A free slot is never left empty while some key could run. */
  assertBusy(): void {
    if (this.running.size === CONCURRENCY) return;
    const busy = new Set([...this.running].map((key) => groupOf(key) ?? key));
    const idle = [...this.owed].filter((key) => !busy.has(groupOf(key) ?? key));
    assert.deepEqual(idle, [], 'these could run');
  }
}

async function run(steps: readonly Step[]): Promise<void> {
  const timers = new VirtualClock();
  const queue = new WorkQueue<string>({ concurrency: CONCURRENCY, groupOf, timers });
  const model = new Model();
  queue.keys.subscribe((key) => {
    // A key that falls due is asked for by the clock.
    if ((model.due.get(key) ?? Infinity) <= timers.nowMs()) model.add(key);
    model.start(key);
  });

  const end = (key: string | undefined): void => {
    if (key === undefined) return;
    model.running.delete(key);
    queue.done(key);
  };

  const advance = async (ms: number): Promise<void> => {
    await timers.pass(ms);
    model.nowMs += ms;
    for (const [key, dueMs] of model.due) if (dueMs <= model.nowMs) model.add(key);
  };

  for (const action of steps) {
    switch (action.kind) {
      case 'add':
        model.add(action.key);
        queue.add(action.key);
        break;
      case 'addAfter':
        model.addAfter(action.key, action.delayMs);
        queue.addAfter(action.key, action.delayMs);
        break;
      case 'done':
        end([...model.running][action.nth]);
        break;
      case 'advance':
        await advance(action.ms);
        break;
    }
    model.assertBusy();
  }

  await advance(100);
  while (model.running.size > 0) end([...model.running][0]);
  assert.deepEqual([...model.owed], [], 'every key that was asked for has run');
  assert.deepEqual([queue.waiting, queue.running, queue.delayed, timers.size], [0, 0, 0, 0]);
}

test('whatever happens in whatever order, the queue behaves as its model', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), run), { numRuns: 500 });
});
