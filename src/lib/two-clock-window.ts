export interface TwoClocks {
  /** Wall clock. */
  now(): Date;
  /** Milliseconds on a clock that never goes back; it may stand still while the machine sleeps. */
  monotonicMs(): number;
}

/**
 * Bounds the time between a write and what may follow it: a call its record, work the renewal of the lease. Either clock
 * can close it: the monotonic one stands still while a machine sleeps, the wall clock may be set back.
 */
export class TwoClockWindow {
  readonly #clocks: TwoClocks;
  readonly #lengthMs: number;
  readonly #openedWall: number;
  readonly #openedMonotonic: number;

  /** Opens now: create it before the write. */
  constructor(clocks: TwoClocks, lengthMs: number) {
    this.#clocks = clocks;
    this.#lengthMs = lengthMs;
    this.#openedWall = clocks.now().getTime();
    this.#openedMonotonic = clocks.monotonicMs();
  }

  isOpen(): boolean {
    const wall = this.#clocks.now().getTime() - this.#openedWall;
    const monotonic = this.#clocks.monotonicMs() - this.#openedMonotonic;
    return monotonic < this.#lengthMs && wall < this.#lengthMs && wall > -this.#lengthMs;
  }
}
