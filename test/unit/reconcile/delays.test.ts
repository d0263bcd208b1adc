import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEVER, Observable } from 'rxjs';
import { afterFailure, remainingDelayMs } from '../../../src/domain/call/retry.ts';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { errorPolicy } from '../../../src/reconcile/error-policy.ts';
import { Memory } from '../../../src/reconcile/memory.ts';
import { resetOutcome, writeOutcome } from '../../../src/reconcile/outcome-write.ts';
import type { Context } from '../../../src/reconcile/pass.ts';
import { delayAtStandstill } from '../../../src/reconcile/standstill.ts';
import { deliverCertificate } from '../../../src/reconcile/steps/deliver-certificate.ts';
import { type SourceEvent, watcher } from '../../../src/runtime/watcher.ts';
import { aRequest, dateAt } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const counted = (from: number, length: number): readonly number[] => Array.from({ length }, (_, n) => n + from);
const policy = (chance: number) => ({ retryMinMs: 1000, retryMaxMs: 300_000, random: () => chance });
const failing = (kind: 'Unavailable' | 'Conflict') => () =>
  Promise.reject(new KubernetesError({ kind, message: 'no' }));

/** With the least and the most that chance adds. */
const RETRIES: readonly (readonly [chance: number, added: string, delaysMs: readonly number[]])[] = [
  [0, 'nothing', [1000, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000]],
  [1, 'all it may', [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]],
];

for (const [chance, added, delaysMs] of RETRIES) {
  const failures = counted(1, delaysMs.length);

  test(`a pass that fails is run again after the delays of the back-off where chance adds ${added}`, () => {
    const error = new Error('no');
    const actions = failures.map((count) => errorPolicy(error, count, policy(chance)));
    assert.deepEqual(
      actions,
      delaysMs.map((delayMs) => ({ kind: 'RequeueAfter', delayMs })),
    );
  });

  test(`a pass that conflicts is run again after 50 ms four times before the back-off where chance adds ${added}`, () => {
    const conflict = new KubernetesError({ kind: 'Conflict', message: 'no' });
    const actions = failures.map((count) => errorPolicy(conflict, count, policy(chance)));
    assert.deepEqual(
      actions,
      [50, 50, 50, 50, ...delaysMs.slice(4)].map((delayMs) => ({ kind: 'RequeueAfter', delayMs })),
    );
  });

  test(`a request that fails records the delays of the back-off where chance adds ${added}`, () => {
    const recorded = failures.map((count) =>
      remainingDelayMs(afterFailure(aRequest({ failures: count - 1 }), dateAt(0), policy(chance)), dateAt(0)),
    );
    assert.deepEqual(recorded, delaysMs);
  });

  test(`the fifth pass that brings an object no further begins the back-off where chance adds ${added}`, () => {
    const { context } = new Operator(new Fixture(), { settings: policy(chance) });
    const memory = new Memory(new VirtualClock());
    const delays = counted(0, delaysMs.length + 4).map(() =>
      delayAtStandstill({ uid: 'a', start: 'the same', step: 'RequestReset' }, { ...context, memory }),
    );
    assert.deepEqual(delays, [0, 0, 0, 0, ...delaysMs]);
  });
}

test('the outcome of a call is written again after 100 ms, doubled up to 5 s', async () => {
  const delays = await delaysOf((context, recorded) =>
    writeOutcome({ recorded, outcomeWrite: resetOutcome }, FINDING, {
      ...context,
      resets: { ...context.resets, ...GONE },
    }),
  );
  assert.deepEqual(delays.slice(0, 8), [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(Math.max(...delays), 5000);
});

test('the outcome of a call is written again at once after its first conflict, then after 200 ms, doubled up to 5 s', async () => {
  const delays = await delaysOf((context, recorded) =>
    writeOutcome({ recorded, outcomeWrite: { ...resetOutcome, isOpen: () => true } }, FINDING, {
      ...context,
      resets: { get: async () => recorded, updateStatus: failing('Conflict') },
    }),
  );
  assert.deepEqual(delays.slice(0, 7), [200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('a client certificate is written into its Secret again after 200 ms, doubled up to 5 s', async () => {
  const delays = await delaysOf((context, recorded) =>
    deliverCertificate(
      { kind: 'Secret', namespace: 'orders', name: 'api-cert', labels: {}, annotations: {}, data: {} },
      { secret: undefined, recorded, isOpen: () => true },
      { ...context, objects: { get: failing('Unavailable'), apply: failing('Unavailable') } },
    ),
  );
  assert.deepEqual(delays, [200, 400, 800, 1600, 3200, 5000, 5000]);
});

const watches: readonly (readonly [chance: number, added: string, delaysMs: readonly number[]])[] = [
  [0, 'nothing', [500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
  [1, 'all it may', [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
];
for (const [chance, added, delaysMs] of watches) {
  test(`a list that fails is asked for again after the delays of the back-off where chance adds ${added}`, async () => {
    const source = { list: failing('Unavailable'), watch: () => NEVER, isExpired: () => false };
    assert.deepEqual(await pausesOf(source, chance, delaysMs.length), delaysMs);
  });
}

const expiries: readonly (readonly [chance: number, added: string, delaysMs: readonly number[]])[] = [
  [0, 'nothing', [0, 0, 0, 500, 500, 1000, 1000, 1000]],
  [1, 'all it may', [0, 0, 0, 500, 1000, 2000, 2000, 2000]],
];
for (const [chance, added, delaysMs] of expiries) {
  test(`a version that is refused is listed again at once three times, and the next ones after a back-off of two seconds at most where chance adds ${added}`, async () => {
    const source = {
      list: async () => ({ objects: [], version: '1' }),
      watch: () => new Observable<SourceEvent<never>>((subscriber) => subscriber.error(new Error('too old'))),
      isExpired: () => true,
    };
    assert.deepEqual(await pausesOf(source, chance, delaysMs.length), delaysMs);
  });
}

const GONE = { get: failing('Unavailable'), updateStatus: failing('Unavailable') };
const FINDING = { facts: {}, verdict: { kind: 'Progressing', reason: 'Requesting', message: '' } } as const;

/** What `work`, which may fail in the end, waited for on the clock. */
async function delaysOf(work: (context: Context, recorded: SslReset) => Promise<unknown>): Promise<readonly number[]> {
  const fixture = new Fixture();
  const clock = new VirtualClock();
  const delays: number[] = [];
  const delay = (ms: number) => {
    delays.push(ms);
    return clock.delay(ms);
  };
  const { context } = new Operator(fixture);
  await work(
    { ...context, clock: { now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), delay } },
    fixture.reset,
  ).catch((error: unknown) => assert.ok(error instanceof KubernetesError, String(error)));
  return delays;
}

test('an operation is followed as soon as a clock is right that was hours ahead when Cloud SQL failed', async () => {
  const fixture = new Fixture();
  const { clock, cloudSql } = fixture;
  const operator = new Operator(fixture);
  let aheadMs = 8 * 3_600_000;
  const now = () => new Date(clock.wallMs + aheadMs);
  operator.context = {
    ...operator.context,
    clock: { now, monotonicMs: () => clock.monotonicMs(), delay: (ms) => clock.delay(ms) },
  };
  cloudSql.onCall = () => {
    cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'it is down' });
    fixture.after(10_000, () => {
      cloudSql.outage = undefined;
      aheadMs = 0;
    });
  };
  await operator.drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  assert.ok(clock.ownMs < 120_000, `${clock.ownMs / 1000} s`);
});

/** The first pauses of a watcher, none of which takes time. */
async function pausesOf(source: Parameters<typeof watcher<never>>[0], chance: number, count: number) {
  const pauses: number[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const timers = {
    nowMs: () => 0,
    after(ms: number, run: () => void) {
      pauses.push(ms);
      if (pauses.length < count) setImmediate(run);
      else resolve();
      return () => undefined;
    },
  };
  const backoff = { minMs: 500, maxMs: 30_000 };
  const subscription = watcher(source, { backoff, healthyAfterMs: 5000, random: () => chance, timers }).subscribe();
  await done;
  subscription.unsubscribe();
  return pauses;
}
