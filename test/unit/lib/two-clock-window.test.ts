import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TwoClockWindow } from '../../../src/lib/two-clock-window.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a two-clock window of 10 s', () => {
  const isOpenAfter = (wallMs: number, ownMs: number): boolean => {
    const clock = new VirtualClock();
    const window = new TwoClockWindow(clock, 10_000);
    clock.wallMs += wallMs;
    clock.ownMs += ownMs;
    return window.isOpen();
  };
  test('a two-clock window is open for less than its length', () => assert.equal(isOpenAfter(9_999, 9_999), true));
  test('a two-clock window is closed by the monotonic clock alone', () => assert.equal(isOpenAfter(0, 10_000), false));
  test('a two-clock window is closed by the wall clock alone, as after a sleep of the machine', () =>
    assert.equal(isOpenAfter(10_000, 0), false));
  test('a two-clock window is closed when the wall clock was set back by as much', () =>
    assert.equal(isOpenAfter(-10_000, 0), false));
});
