import type { Clock } from '../../src/reconcile/ports.ts';
import { FakeClock } from '../support/fakes/fake-clock.ts';

interface Event {
  readonly atMs: number;
  readonly act: () => void;
}

/** Virtual time: it jumps to what happens next. */
export class Timeline {
  readonly clock = new FakeClock();
  readonly #events: Event[] = [];

  get nowMs(): number {
    return this.clock.wallMs;
  }

  /** What is planned for the same time happens in the order in which it was planned. */
  at(atMs: number, act: () => void): void {
    const index = this.#events.findLastIndex((event) => event.atMs <= atMs) + 1;
    this.#events.splice(index, 0, { atMs, act });
  }

  after(ms: number, act: () => void): void {
    this.at(this.nowMs + ms, act);
  }

  get nextMs(): number {
    return this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  advanceTo(ms: number): void {
    this.clock.advance(Math.max(0, ms - this.nowMs));
  }

  happen(): void {
    const event = this.#events.shift();
    if (event === undefined) return;
    this.advanceTo(event.atMs);
    event.act();
  }
}

/** The two clocks of one machine. Neither need agree with the true time, nor with the other. */
export class MachineClock implements Clock {
  readonly #time: Timeline;
  #wallOffsetMs: number;
  #stoodStillMs = 0;

  constructor(time: Timeline, skewMs: number) {
    this.#time = time;
    this.#wallOffsetMs = skewMs;
  }

  now(): Date {
    return new Date(this.#time.nowMs + this.#wallOffsetMs);
  }

  monotonicMs(): number {
    return this.#time.nowMs - this.#stoodStillMs;
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
