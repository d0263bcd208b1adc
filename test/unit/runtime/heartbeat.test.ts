import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Heartbeat } from '../../../src/runtime/heartbeat.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a heartbeat', () => {
  test('a heartbeat knows how long there was no sign of life', async () => {
    const timers = new VirtualClock();
    const heartbeat = new Heartbeat(timers);
    await timers.pass(60_000);
    assert.equal(heartbeat.silentMs, 60_000);
    heartbeat.beat();
    await timers.pass(10_000);
    assert.equal(heartbeat.silentMs, 10_000);
    heartbeat.stop();
    assert.equal(timers.size, 0);
  });

  test('a heartbeat does not count the time for which the process was frozen', async () => {
    // As after SIGCONT: the clock has gone on, and the one alarm that was set falls due late.
    const alarms: (() => void)[] = [];
    const timers = {
      nowMs: () => 0,
      after: (_delayMs: number, run: () => void) => {
        alarms.push(run);
        return () => undefined;
      },
    };
    const heartbeat = new Heartbeat(timers);
    timers.nowMs = () => 86_400_000;
    alarms.shift()?.();
    assert.equal(heartbeat.silentMs, 5_000);
  });
});
