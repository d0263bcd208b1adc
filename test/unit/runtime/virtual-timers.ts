import type { Cancel, Timers } from '../../../src/runtime/timers.ts';

interface Alarm {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that moves only when it is told to. */
export class VirtualTimers implements Timers {
  readonly #alarms = new Set<Alarm>();
  #nowMs = 0;

  /** How many alarms are set. */
  get size(): number {
    return this.#alarms.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const alarm = { dueMs: this.#nowMs + delayMs, run };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves on, and lets promises settle before and after each alarm that falls due. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#next(endMs);
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#nowMs = next.dueMs;
      next.run();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Alarm | undefined {
    const due = [...this.#alarms].filter(({ dueMs }) => dueMs <= endMs);
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Resolves when no promise can get any further by itself. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
