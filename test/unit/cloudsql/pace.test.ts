import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace, type PaceOptions } from '../../../src/cloudsql/pace.ts';

/** A clock on which only sleeping takes time. */
class VirtualTime {
  #nowMs = 1000;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  readonly now = (): number => this.#nowMs;

  readonly sleep = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.push({ at: this.#nowMs + ms, wake: resolve });
    return promise;
  };

  /** Runs until nobody sleeps, or `ms` are over. */
  async pass(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await new Promise(setImmediate);
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers[0];
      if (next === undefined || next.at > end) break;
      this.#sleepers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.wake();
    }
    this.#nowMs = end;
  }
}

function setUp(options: Partial<PaceOptions> = {}) {
  const time = new VirtualTime();
  const start = time.now();
  const pace = new Pace({
    perSecond: 2,
    burst: 1,
    maxWaitMs: 60_000,
    monotonicMs: time.now,
    sleep: time.sleep,
    ...options,
  });
  const log: string[] = [];
  const take = (name: string, project = 'p') =>
    pace.take(project).then(
      () => log.push(`${name}@${time.now() - start}`),
      (error: unknown) => log.push(`${name}: ${error instanceof Error ? error.message : String(error)}`),
    );
  return { time, pace, log, take };
}

describe('pace', () => {
  it('gives the first slot at once and the others at the even rate, first come, first served', async () => {
    const { time, log, take } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) void take(name);
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'b@500', 'c@1000', 'd@1500']);
  });

  it('lets a burst through after a silence, and no more than that', async () => {
    const { time, log, take } = setUp({ burst: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name);
    await time.pass(10_000);
    for (const name of ['f', 'g', 'h', 'i']) void take(name);
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'b@0', 'c@0', 'd@500', 'e@1000', 'f@10000', 'g@10000', 'h@10000', 'i@10500']);
  });

  it('never gives more than rate and burst allow in any minute', async () => {
    const { time, log, take } = setUp({ burst: 4, maxWaitMs: 1_000_000 });
    for (let index = 0; index < 300; index += 1) void take(String(index));
    await time.pass(200_000);
    const times = log.map((line) => Number(line.split('@')[1]));
    assert.equal(times.length, 300);
    for (const from of times) {
      assert.ok(times.filter((at) => at >= from && at < from + 60_000).length <= 124);
    }
  });

  it('counts each project by itself', async () => {
    const { time, log, take } = setUp();
    void take('a', 'p');
    void take('b', 'q');
    await time.pass(0);
    assert.deepEqual(log, ['a@0', 'b@0']);
  });

  it('gives no slot of a paused project, and goes on at the even rate', async () => {
    const { time, pace, log, take } = setUp({ burst: 3 });
    void take('a');
    await time.pass(0);
    pace.pause('p', 7000);
    for (const name of ['b', 'c']) void take(name);
    void take('x', 'q');
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'x@0', 'b@7000', 'c@7500']);
  });

  it('holds back those who wait already', async () => {
    const { time, pace, log, take } = setUp();
    for (const name of ['a', 'b']) void take(name);
    await time.pass(100);
    pace.pause('p', 5000);
    await time.pass(10_000);
    assert.deepEqual(log, ['a@0', 'b@5100']);
  });

  it('keeps the longer of two pauses', async () => {
    const { time, pace, log, take } = setUp();
    pace.pause('p', 5000);
    pace.pause('p', 1000);
    void take('a');
    await time.pass(10_000);
    assert.deepEqual(log, ['a@5000']);
  });

  it('sends away at once whoever would wait too long, and says how long', async () => {
    const { time, pace } = setUp({ maxWaitMs: 1000 });
    pace.pause('p', 4000);
    await assert.rejects(pace.take('p'), { name: 'CloudSqlError', kind: 'Throttled', retryAfterMs: 4000 });
    await time.pass(4000);
    await pace.take('p');
  });

  it('sends away those who wait already when a pause is too long, and serves those who come after it', async () => {
    const { time, pace, log, take } = setUp({ maxWaitMs: 1000 });
    for (const name of ['a', 'b', 'c']) void take(name);
    await time.pass(100);
    pace.pause('p', 5000);
    await time.pass(6000);
    void take('d');
    await time.pass(0);
    const away = 'The calls of this project are held back to keep to its quota';
    assert.deepEqual(log, ['a@0', `b: ${away}`, `c: ${away}`, 'd@6100']);
  });
});
