import type { Clock } from '../../src/reconcile/ports.ts';
import type { Cancel, Timers } from '../../src/runtime/timers.ts';
import { NOW } from './fakes/builders.ts';

interface Alarm {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it: a wall clock, a monotonic one, and what is to happen later. */
export class VirtualClock implements Clock, Timers {
  wallMs = Date.parse(NOW);
  /** The monotonic clock, by which alarms go. */
  ownMs = 0;
  /** By their time; those of one time in the order in which they were set. */
  readonly #alarms: Alarm[] = [];

  now(): Date {
    return new Date(this.wallMs);
  }

  monotonicMs(): number {
    return this.ownMs;
  }

  nowMs(): number {
    return this.ownMs;
  }

  /** How many alarms are set. */
  get size(): number {
    return this.#alarms.length;
  }

  /** When the next alarm is due, on the wall clock; without one infinite. */
  get nextMs(): number {
    return this.wallMs + ((this.#alarms[0]?.dueMs ?? Number.POSITIVE_INFINITY) - this.ownMs);
  }

  after(delayMs: number, run: () => void): Cancel {
    const alarm = { dueMs: this.ownMs + delayMs, run };
    this.#alarms.splice(this.#alarms.findLastIndex(({ dueMs }) => dueMs <= alarm.dueMs) + 1, 0, alarm);
    return () => {
      const index = this.#alarms.indexOf(alarm);
      if (index >= 0) this.#alarms.splice(index, 1);
    };
  }

  /** Waits for its time to come. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Waits by letting the time come: nothing else happens meanwhile. */
  delay(ms: number): Promise<void> {
    this.jump(ms);
    return Promise.resolve();
  }

  /** Moves both clocks, and lets nothing happen. */
  jump(ms: number): void {
    this.wallMs += ms;
    this.ownMs += ms;
  }

  /** Moves to the next alarm, if one is set, and runs it. */
  runNext(): void {
    const alarm = this.#alarms.shift();
    if (alarm === undefined) return;
    this.#jumpTo(Math.max(this.ownMs, alarm.dueMs));
    alarm.run();
  }

  /** Lets so much time pass, and promises settle before and after each alarm that falls due. */
  async pass(ms: number): Promise<void> {
    const endMs = this.ownMs + ms;
    for (;;) {
      await settle();
      if ((this.#alarms[0]?.dueMs ?? Number.POSITIVE_INFINITY) > endMs) break;
      this.runNext();
    }
    this.#jumpTo(endMs);
  }

  /** Exactly there, whatever the sum of the steps would be. */
  #jumpTo(ownMs: number): void {
    this.wallMs += ownMs - this.ownMs;
    this.ownMs = ownMs;
  }
}

/** Resolves when no promise can get any further by itself. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
