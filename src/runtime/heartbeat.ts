import { type Cancel, systemTimers, type Timers } from './timers.ts';

const TICK_MS = 5_000;

/**
 * How long it is since the last sign of life, in ticks of a timer: a process that was frozen, or whose event loop was
 * busy, counts one tick for all of that time, and is not taken for one whose subject has fallen silent.
 */
export class Heartbeat {
  readonly #timers: Timers;
  #ticks = 0;
  #cancel: Cancel;

  constructor(timers: Timers = systemTimers) {
    this.#timers = timers;
    this.#cancel = this.#next();
  }

  beat(): void {
    this.#ticks = 0;
  }

  get silentMs(): number {
    return this.#ticks * TICK_MS;
  }

  stop(): void {
    this.#cancel();
  }

  #next(): Cancel {
    return this.#timers.after(TICK_MS, () => {
      this.#ticks += 1;
      this.#cancel = this.#next();
    });
  }
}
