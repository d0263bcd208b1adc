import type { Clock } from '../../../src/reconcile/ports.ts';
import { NOW } from './builders.ts';

/** Two clocks that move only when told. Waiting takes no time of the test's. */
export class FakeClock implements Clock {
  wallMs = Date.parse(NOW);
  ownMs = 0;

  now(): Date {
    return new Date(this.wallMs);
  }

  monotonicMs(): number {
    return this.ownMs;
  }

  delay(ms: number): Promise<void> {
    this.advance(ms);
    return Promise.resolve();
  }

  advance(ms: number): void {
    this.wallMs += ms;
    this.ownMs += ms;
  }
}
