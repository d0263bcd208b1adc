import type { VirtualClock } from '../support/virtual-clock.ts';
import { MachineClock } from './machine-clock.ts';

/** A machine that runs one process of the operator at a time. */
export class Replica {
  readonly index: number;
  readonly clock: MachineClock;
  isLeader = true;
  pausedUntilMs = 0;
  readonly #time: VirtualClock;

  constructor(index: number, time: VirtualClock, skewMs: number) {
    this.index = index;
    this.#time = time;
    this.clock = new MachineClock(time, skewMs);
  }

  pause(ms: number, unseenBy: 'Neither' | 'Monotonic' | 'Wall'): void {
    this.pausedUntilMs = this.#time.wallMs + ms;
    if (unseenBy === 'Monotonic') this.clock.standStill(ms);
    if (unseenBy === 'Wall') this.clock.stepWall(-ms);
  }
}
