/** The rates of a whole fleet in one project, on a clock of its own: what it asks of Cloud SQL, and how fast it is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Polls } from '../../../src/cloudsql/polls.ts';
import { type Quota, rateLimiters } from '../../../src/cloudsql/transport.ts';
import { type Config, parseConfig } from '../../../src/config.ts';
import type { Operation } from '../../../src/domain/call/operation.ts';
import { pollDelayMs } from '../../../src/domain/call/retry.ts';
import { refOf } from '../../../src/lib/key.ts';
import type { Priority } from '../../../src/lib/priority.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import { aKey, anOperation } from '../../support/fakes/builders.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SIZE = 1_000;
const OPERATION_MS = 45_000;
const READ_MS = 300;
const WRITE_MS = 1_500;
const PROJECT = 'acme-prod';

/** As docs/operations.md gives it for an operator that has the quota for itself. */
function alone(): Config {
  const parsed = parseConfig(['--cloudsql-mutate-qps=2.75', '--cloudsql-read-qps=7.5'], {});
  assert.ok(parsed.kind === 'Config');
  return parsed.config;
}

/** One project of Cloud SQL, and the operator's way to it. */
class Fleet {
  readonly time = new VirtualClock();
  readonly #config = alone();
  readonly #limiters = rateLimiters({
    readQps: this.#config.cloudsqlReadQps,
    mutateQps: this.#config.cloudsqlMutateQps,
    monotonicMs: () => this.time.nowMs(),
    sleep: (ms) => this.time.sleep(ms),
  });
  readonly calls: Readonly<Record<Quota, number[]>> = { Gets: [], Lists: [], Writes: [] };
  /** When each read was sent that looked at operations. */
  readonly polls: number[] = [];
  /** How long after the end of each operation a pass knew of it. */
  readonly lateMs: number[] = [];
  /** The newest first. */
  #operations: readonly { readonly name: string; readonly endsMs: number }[] = [];
  readonly #wakes = new Map<string, () => void>();
  readonly #callQueue = new CallQueue(
    {
      trySlot: () => this.#limiters.Writes.tryTake(PROJECT),
      slotPauseMs: () => this.#limiters.Writes.pauseMs(PROJECT),
      slot: () => this.#limiters.Writes.take(PROJECT, { priority: 'Low', maxWaitMs: Number.POSITIVE_INFINITY }),
    },
    (keys) => {
      for (const key of keys) this.#wakes.get(refOf(key).name)?.();
    },
  );
  readonly #polls = new Polls({
    intervalMs: this.#config.pollMinMs,
    maxIntervalMs: this.#config.pollMaxMs,
    maxPerSecond: this.#config.cloudsqlReadQps / 3,
    monotonicMs: () => this.time.nowMs(),
    sleep: (ms) => this.time.sleep(ms),
    get: async (_project, name) => {
      this.polls.push(this.time.nowMs());
      await this.#read('Gets', 'High');
      return this.#view(name);
    },
    page: async ({ maxResults, pageToken = '0' }) => {
      this.polls.push(this.time.nowMs());
      await this.#read('Lists', 'High');
      const end = Number(pageToken) + maxResults;
      const operations = this.#operations.slice(Number(pageToken), end).map(({ name }) => this.#view(name));
      return { operations, ...(end < this.#operations.length && { nextPageToken: String(end) }) };
    },
  });
  #free = this.#config.concurrency;
  readonly #waiting: (() => void)[] = [];

  /** All that Cloud SQL is asked for one reset; each part is a pass that keeps a worker busy. */
  async reset(name: string): Promise<void> {
    for (let isDone = false; !isDone; ) {
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      this.#wakes.set(name, resolve);
      isDone = await this.#pass(async () => {
        const slot = this.#callQueue.take(aKey(`orders/${name}`), PROJECT);
        if (slot === undefined) return false;
        await this.#read('Lists', 'Low');
        await this.#read('Gets', 'Low');
        slot.spend();
        this.calls.Writes.push(this.time.nowMs());
        await this.time.sleep(WRITE_MS);
        this.#operations = [{ name, endsMs: this.time.nowMs() + OPERATION_MS }, ...this.#operations];
        return true;
      });
      if (!isDone) await woken;
    }
    await this.#follow(name);
    await this.#pass(() => this.#read('Lists', 'High'));
  }

  async #follow(name: string): Promise<void> {
    const since = new Date(this.time.nowMs()).toISOString();
    for (let status: string | undefined; status !== 'DONE'; ) {
      const { promise: changed, resolve: onChange } = Promise.withResolvers<void>();
      const known = anOperation({ name, status: 'RUNNING' });
      this.#polls.watch(PROJECT, known, { by: aKey(`orders/${name}`), onChange });
      const delayMs = pollDelayMs(since, new Date(this.time.nowMs()), this.#config);
      await Promise.race([changed, this.time.sleep(delayMs)]);
      ({ status } = await this.#pass(() => this.#polls.operation(PROJECT, name)));
    }
    this.lateMs.push(this.time.nowMs() - this.#endsMs(name));
  }

  async #read(quota: 'Gets' | 'Lists', priority: Priority): Promise<void> {
    await this.#limiters[quota].take(PROJECT, { priority, maxWaitMs: 5_000 });
    this.calls[quota].push(this.time.nowMs());
    await this.time.sleep(READ_MS);
  }

  #view(name: string): Operation {
    return anOperation({ name, status: this.#endsMs(name) > this.time.nowMs() ? 'RUNNING' : 'DONE' });
  }

  #endsMs(name: string): number {
    return this.#operations.find((one) => one.name === name)?.endsMs ?? 0;
  }

  async #pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

const mostInAMinute = (times: readonly number[]): number =>
  Math.max(
    ...times.map((from, index) => times.slice(index, index + 1_000).filter((atMs) => atMs < from + 60_000).length),
  );

test('1,000 resets of one project keep to its quotas in any minute, come near to that of writes, and are seen to end within a second by one poll a second', async () => {
  const fleet = new Fleet();
  const ends: number[] = [];
  const beginMs = fleet.time.nowMs();
  const all = Array.from({ length: SIZE }, async (_, index) => {
    await fleet.reset(`db-${index}`);
    ends.push(fleet.time.nowMs());
  });
  await fleet.time.pass(600_000);
  assert.equal(ends.length, SIZE);
  await Promise.all(all);
  const { Gets, Lists, Writes } = fleet.calls;
  assert.equal(Writes.length, SIZE);
  assert.ok(mostInAMinute(Writes) <= 180, `${mostInAMinute(Writes)} writes`);
  assert.ok(mostInAMinute(Gets) <= 500, `${mostInAMinute(Gets)} gets`);
  assert.ok(mostInAMinute(Lists) <= 500, `${mostInAMinute(Lists)} lists`);
  const minutes = ((Writes.at(-1) ?? 0) - beginMs) / 60_000;
  assert.ok(SIZE / minutes >= 160, `${SIZE / minutes} resets a minute`);
  assert.ok(Gets.length + Lists.length < 4 * SIZE, `${Gets.length} gets, ${Lists.length} lists`);
  assert.ok(mostInAMinute(fleet.polls) <= 61, `${mostInAMinute(fleet.polls)} polls`);
  const lateMs = fleet.lateMs.reduce((sum, ms) => sum + ms, 0) / SIZE;
  assert.ok(lateMs <= 600 + READ_MS, `${lateMs} ms late`);
});
