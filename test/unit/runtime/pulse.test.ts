import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pulse } from '../../../src/runtime/pulse.ts';
import { VirtualTimers } from './virtual-timers.ts';

describe('a pulse', () => {
  test('tells how long there was no sign of life', async () => {
    const timers = new VirtualTimers();
    const pulse = new Pulse(timers);
    await timers.advance(60_000);
    assert.equal(pulse.silentMs, 60_000);
    pulse.beat();
    await timers.advance(10_000);
    assert.equal(pulse.silentMs, 10_000);
    pulse.stop();
    assert.equal(timers.size, 0);
  });

  test('does not count the time for which the process was frozen', async () => {
    // As after SIGCONT: the clock has gone on, and the one alarm that was set falls due late.
    const alarms: (() => void)[] = [];
    const timers = {
      nowMs: () => 0,
      after: (_delayMs: number, run: () => void) => {
        alarms.push(run);
        return () => undefined;
      },
    };
    const pulse = new Pulse(timers);
    timers.nowMs = () => 86_400_000;
    alarms.shift()?.();
    assert.equal(pulse.silentMs, 5_000);
  });
});
