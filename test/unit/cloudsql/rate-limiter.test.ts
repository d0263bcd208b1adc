import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RateOptions } from '../../../src/cloudsql/project-bucket.ts';
import { RateLimiter } from '../../../src/cloudsql/rate-limiter.ts';
import type { Priority } from '../../../src/lib/priority.ts';
import type { Slot } from '../../../src/reconcile/cloud-sql-port.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Wish {
  readonly project?: string;
  readonly priority?: Priority;
  readonly maxWaitMs?: number;
}

function setUp(options: Partial<RateOptions> = {}) {
  const time = new VirtualClock();
  const start = time.nowMs();
  const limiter = new RateLimiter({
    perSecond: 2,
    burst: 1,
    monotonicMs: () => time.nowMs(),
    sleep: (ms) => time.sleep(ms),
    ...options,
  });
  const log: string[] = [];
  const take = (name: string, { project = 'p', priority = 'High', maxWaitMs = 60_000 }: Wish = {}) =>
    limiter.take(project, { priority, maxWaitMs }).then(
      (slot) => {
        log.push(`${name}@${time.nowMs() - start}`);
        return slot;
      },
      (error: unknown) => void log.push(`${name}: ${error instanceof Error ? error.message : String(error)}`),
    );
  return { time, limiter, log, take };
}

describe('the rate limiter', () => {
  it('the rate limiter gives the first slot at once and the others at the even rate, first come, first served', async () => {
    const { time, log, take } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) void take(name);
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'b@500', 'c@1000', 'd@1500']);
  });

  it('the rate limiter lets a burst through after a silence, and no more than that', async () => {
    const { time, log, take } = setUp({ burst: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name);
    await time.pass(10_000);
    for (const name of ['f', 'g', 'h', 'i']) void take(name);
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'b@0', 'c@0', 'd@500', 'e@1000', 'f@10000', 'g@10000', 'h@10000', 'i@10500']);
  });

  it('the rate limiter says for how long a refusal pauses the calls of a project, and of that project alone', async () => {
    const { time, limiter } = setUp();
    assert.equal(limiter.pauseMs('p'), 0);
    limiter.throttled('p', 60_000);
    await time.pass(20_000);
    assert.deepEqual([limiter.pauseMs('p'), limiter.pauseMs('q')], [40_000, 0]);
    await time.pass(50_000);
    assert.equal(limiter.pauseMs('p'), 0);
  });

  it('the rate limiter counts each project by itself', async () => {
    const { time, log, take } = setUp();
    void take('a', { project: 'p' });
    void take('b', { project: 'q' });
    await time.pass(0);
    assert.deepEqual(log, ['a@0', 'b@0']);
  });

  it('the rate limiter lets what is under way go ahead, but for each fourth slot', async () => {
    const { time, log, take } = setUp();
    void take('first');
    for (const name of ['x', 'y']) void take(name, { priority: 'Low' });
    for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name);
    await time.pass(10_000);
    assert.deepEqual(
      log.map((line) => line.split('@')[0]),
      ['first', 'a', 'b', 'x', 'c', 'd', 'e', 'y'],
    );
  });

  it('the rate limiter gives a slot without waiting only where one is free and nobody waits', async () => {
    const { time, limiter, take } = setUp({ burst: 2 });
    assert.ok(limiter.tryTake('p'));
    assert.ok(limiter.tryTake('p'));
    assert.equal(limiter.tryTake('p'), undefined);
    await time.pass(400);
    void take('a');
    await time.pass(100);
    assert.equal(limiter.tryTake('p'), undefined);
    await time.pass(500);
    assert.ok(limiter.tryTake('p'));
  });

  it('the rate limiter gives no slot away from those who wait, when their timer is late', async () => {
    let nowMs = 0;
    const limiter = new RateLimiter({
      perSecond: 2,
      burst: 1,
      monotonicMs: () => nowMs,
      sleep: () => new Promise(() => undefined),
    });
    assert.ok(limiter.tryTake('p'));
    void limiter.take('p', { priority: 'Low', maxWaitMs: 1000 });
    nowMs = 600;
    assert.equal(limiter.tryTake('p'), undefined);
  });

  it('the rate limiter hands a slot that was given back to the next at once, and only once', async () => {
    const { time, limiter, log, take } = setUp();
    const slot = limiter.tryTake('p');
    for (const name of ['a', 'b', 'c']) void take(name);
    await time.pass(100);
    slot?.giveBack();
    slot?.giveBack();
    await time.pass(10_000);
    assert.deepEqual(log, ['a@100', 'b@600', 'c@1100']);
  });

  it('the rate limiter does not hand out again what was spent', async () => {
    const { time, limiter, log, take } = setUp();
    const slot = limiter.tryTake('p');
    slot?.spend();
    slot?.giveBack();
    void take('a');
    await time.pass(10_000);
    assert.deepEqual(log, ['a@500']);
  });

  it('the rate limiter sends away at once whoever would wait too long, and says how long', async () => {
    const { time, limiter } = setUp();
    limiter.throttled('p', 4000);
    const wait = { priority: 'High', maxWaitMs: 1000 } as const;
    await assert.rejects(limiter.take('p', wait), { name: 'CloudSqlError', kind: 'Throttled', retryAfterMs: 4000 });
    await time.pass(4000);
    await limiter.take('p', wait);
  });

  it('the rate limiter sends away those who wait already when they would wait too long, and serves the others', async () => {
    const { time, limiter, log, take } = setUp();
    for (const name of ['a', 'b', 'c']) void take(name, { maxWaitMs: 1000 });
    void take('patient', { priority: 'Low', maxWaitMs: Number.POSITIVE_INFINITY });
    await time.pass(100);
    limiter.throttled('p', 5000);
    await time.pass(10_000);
    const away = 'Calls in this project are held back to stay within its quota';
    assert.deepEqual(log, ['a@0', `b: ${away}`, `c: ${away}`, 'patient@5100']);
  });
});

describe('the rate limiter after a refusal of the API', () => {
  it('the rate limiter after a refusal of the API gives no slot of that project while it pauses, and then none in a burst', async () => {
    const { time, limiter, log, take } = setUp({ burst: 3 });
    void take('a');
    await time.pass(0);
    limiter.throttled('p', 7000);
    for (const name of ['b', 'c']) void take(name);
    void take('x', { project: 'q' });
    await time.pass(20_000);
    assert.deepEqual(log, ['a@0', 'x@0', 'b@7000', 'c@7657']);
  });

  it('the rate limiter after a refusal of the API pauses for some seconds where the API does not say for how long', async () => {
    const { time, limiter, log, take } = setUp();
    limiter.throttled('p');
    void take('a');
    await time.pass(20_000);
    assert.deepEqual(log, ['a@5000']);
  });

  it('the rate limiter after a refusal of the API keeps the longer of two pauses, which no slot that was given back shortens', async () => {
    const { time, limiter, log, take } = setUp();
    const slot = limiter.tryTake('p');
    limiter.throttled('p', 5000);
    limiter.throttled('p', 1000);
    slot?.giveBack();
    void take('a');
    await time.pass(10_000);
    assert.deepEqual(log, ['a@5000']);
  });

  it('the rate limiter after a refusal of the API is slower in that project alone, once for all refusals of one pause, and recovers', async () => {
    const { time, limiter, log, take } = setUp();
    const inAMinute = async (project: string): Promise<number> => {
      log.length = 0;
      for (let index = 0; index < 150; index += 1) void take('a', { project, maxWaitMs: 1_000_000 });
      await time.pass(60_000);
      const { length } = log;
      await time.pass(200_000);
      return length;
    };
    for (let refusals = 0; refusals < 10; refusals += 1) limiter.throttled('p', 1);
    const slower = await inAMinute('p');
    assert.ok(slower >= 90 && slower < 100, `${slower}`);
    assert.equal(await inAMinute('q'), 121);
    assert.equal(await inAMinute('p'), 121);
  });

  it('the rate limiter after a refusal of the API never stops for good, however often it is refused', async () => {
    const { time, limiter, log, take } = setUp();
    for (let refusals = 0; refusals < 100; refusals += 1) {
      limiter.throttled('p', 1);
      await time.pass(2);
    }
    for (let index = 0; index < 30; index += 1) void take('a', { maxWaitMs: 1_000_000 });
    await time.pass(60_000);
    const served = log.filter((line) => line.includes('@')).length;
    assert.ok(served >= 12, `${served}`);
  });
});

const PER_SECOND = 2;
const INTERVAL_MS = 1000 / PER_SECOND;
const BURST = 4;

const wishes = fc.array(
  fc.record({
    gapMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 4_000 })),
    priority: fc.constantFrom<Priority>('High', 'Low'),
  }),
  { minLength: 1, maxLength: 250, size: 'max' },
);

interface Given {
  readonly wish: number;
  readonly priority: Priority;
  readonly askedMs: number;
  readonly atMs: number;
}

/** Who was given a slot when, in that order. */
async function given(arrivals: readonly { readonly gapMs: number; readonly priority: Priority }[]): Promise<Given[]> {
  const time = new VirtualClock();
  const limiter = new RateLimiter({
    perSecond: PER_SECOND,
    burst: BURST,
    monotonicMs: () => time.nowMs(),
    sleep: (ms) => time.sleep(ms),
  });
  const all: Given[] = [];
  for (const [wish, { gapMs, priority }] of arrivals.entries()) {
    if (gapMs > 0) await time.pass(gapMs);
    const askedMs = time.nowMs();
    void limiter.take('p', { priority, maxWaitMs: Number.POSITIVE_INFINITY }).then((slot: Slot) => {
      slot.spend();
      all.push({ wish, priority, askedMs, atMs: time.nowMs() });
    });
  }
  await time.pass(arrivals.length * INTERVAL_MS);
  return all;
}

describe('the rate limiter, whenever calls come', () => {
  it('the rate limiter, whenever calls come never gives more in any minute than rate and burst allow', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (arrivals) => {
        const times = (await given(arrivals)).map(({ atMs }) => atMs);
        for (const from of times) {
          const inMinute = times.filter((atMs) => atMs >= from && atMs < from + 60_000).length;
          assert.ok(inMinute <= 60 * PER_SECOND + BURST, `${inMinute}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('the rate limiter, whenever calls come lets no slot lie idle while somebody waits, and serves everybody', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (arrivals) => {
        const all = await given(arrivals);
        const ideal: number[] = [];
        let emptyAt = Number.NEGATIVE_INFINITY;
        for (const { askedMs } of all.toSorted((a, b) => a.wish - b.wish)) {
          const atMs = Math.max(askedMs, emptyAt - (BURST - 1) * INTERVAL_MS);
          emptyAt = Math.max(emptyAt, atMs) + INTERVAL_MS;
          ideal.push(atMs);
        }
        assert.equal(all.length, arrivals.length);
        assert.deepEqual(
          all.map(({ atMs }) => atMs),
          ideal,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('the rate limiter, whenever calls come keeps the order within each priority, and starves nobody', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, async (arrivals) => {
        const all = await given(arrivals);
        for (const priority of ['High', 'Low']) {
          const names = all.filter((one) => one.priority === priority).map(({ wish }) => wish);
          assert.deepEqual(
            names,
            names.toSorted((a, b) => a - b),
          );
        }
        for (const [index, { priority, askedMs }] of all.entries()) {
          if (priority === 'High') continue;
          const since = all.slice(0, index).filter(({ atMs }) => atMs > askedMs);
          const behind = since.filter((one) => one.priority === 'Low').length;
          assert.ok(since.length - behind <= 3 * (behind + 1), `${since.length} were served before`);
        }
      }),
      { numRuns: 40 },
    );
  });
});
