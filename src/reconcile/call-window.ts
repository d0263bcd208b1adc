import type { Clock } from './ports.ts';

/**
 * Bounds the time between the write-ahead record and the call. Either clock can close it: the monotonic one stands still
 * while a machine sleeps, the wall clock may be set back.
 */
export class CallWindow {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly #lengthMs: number;
  readonly #openedWall: number;
  readonly #openedMonotonic: number;

  /** Opens now: create it before the record is written. */
  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>, lengthMs: number) {
    this.#clock = clock;
    this.#lengthMs = lengthMs;
    this.#openedWall = clock.now().getTime();
    this.#openedMonotonic = clock.monotonicMs();
  }

  isOpen(): boolean {
    const wall = this.#clock.now().getTime() - this.#openedWall;
    const monotonic = this.#clock.monotonicMs() - this.#openedMonotonic;
    return monotonic < this.#lengthMs && wall < this.#lengthMs && wall > -this.#lengthMs;
  }
}
