import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEVER, throwError } from 'rxjs';
import { WatchLiveness } from '../../../src/operator/watch-liveness.ts';
import { type ListWatchSource, watcher } from '../../../src/runtime/watcher.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const options = { backoff: { minMs: 500, maxMs: 30_000 }, healthyAfterMs: 10_000, random: () => 1 };

/** Watches for an hour, and tells what `/healthz` says then. */
async function afterAnHour(source: Partial<ListWatchSource<string>>): Promise<string | undefined> {
  const timers = new VirtualClock();
  const liveness = new WatchLiveness(['Kind'], [], timers);
  const whole: ListWatchSource<string> = {
    list: async () => ({ objects: [], version: '1' }),
    watch: () => NEVER,
    isExpired: () => false,
    ...source,
  };
  const watching = watcher(whole, { ...options, timers, onSign: () => liveness.beat('Kind', undefined) }).subscribe();
  await timers.pass(HOUR_MS);
  watching.unsubscribe();
  liveness.stop();
  return liveness.problem();
}

describe('liveness', () => {
  test('liveness is lost where a list or a watch neither answers nor fails', async () => {
    const problem = 'The watch of Kinds has given no sign of life for 3600 s';
    assert.equal(await afterAnHour({ list: () => new Promise(() => undefined) }), problem);
    assert.equal(await afterAnHour({ watch: () => NEVER }), problem);
  });

  test('liveness is never lost because the API server is away, or refuses', async () => {
    const fail = (): never => {
      throw new Error('ECONNREFUSED');
    };
    assert.equal(await afterAnHour({ list: async () => fail() }), undefined);
    assert.equal(await afterAnHour({ watch: () => throwError(() => new Error('403')) }), undefined);
  });

  test('liveness names the kind and the namespace whose watch is stuck', async () => {
    const timers = new VirtualClock();
    const liveness = new WatchLiveness(['One', 'Other'], ['a', 'b'], timers);
    await timers.pass(HOUR_MS);
    liveness.beat('One', 'a');
    liveness.beat('One', 'b');
    liveness.beat('Other', 'a');
    assert.equal(liveness.problem(), 'The watch of Others in the namespace b has given no sign of life for 3600 s');
    liveness.stop();
  });

  test('liveness has patience for a silent watch to be opened again', async () => {
    const timers = new VirtualClock();
    const liveness = new WatchLiveness(['Kind'], [], timers);
    await timers.pass(65_000 + 30_000 + 15_000);
    assert.equal(liveness.problem(), undefined);
    liveness.stop();
  });
});
