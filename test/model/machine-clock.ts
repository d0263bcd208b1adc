import type { Clock } from '../../src/reconcile/ports.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

/** The two clocks of one machine. Neither need agree with the true time, nor with the other. */
export class MachineClock implements Clock {
  readonly #time: VirtualClock;
  #wallOffsetMs: number;
  #stoodStillMs = 0;
  /** What its process was last shown. */
  lastShown = new Date(0);

  constructor(time: VirtualClock, skewMs: number) {
    this.#time = time;
    this.#wallOffsetMs = skewMs;
  }

  now(): Date {
    this.lastShown = new Date(this.#time.wallMs + this.#wallOffsetMs);
    return this.lastShown;
  }

  monotonicMs(): number {
    return this.#time.wallMs - this.#stoodStillMs;
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.after(ms, resolve));
  }

  stepWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  standStill(ms: number): void {
    this.#stoodStillMs += ms;
  }
}
