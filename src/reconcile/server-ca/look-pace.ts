/** Whose turn it is to look: at most so many instances of a project are looked at in a minute, however many there are. */
import type { Clock } from '../ports.ts';

/** 100 in a minute. */
export const EVERY_MS = 600;
/** After a silence so many may look at once. */
const BURST = 10;

export class LookPace {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** When the looks of each project that have a turn are over. */
  readonly #busyUntil = new Map<string, number>();
  /** Turns that are still to come, by who has them. */
  readonly #turns = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Milliseconds until it may look. Who is in a hurry looks now, and the others later by that. */
  waitMs(project: string, who: string, isUrgent: boolean): number {
    const now = this.#clock.monotonicMs();
    const turn = this.#turns.get(who) ?? this.#nextTurn(project, now);
    if (isUrgent || turn <= now) {
      this.#turns.delete(who);
      return 0;
    }
    this.#turns.set(who, turn);
    return turn - now;
  }

  /** A look makes one read more: the others come later by that. */
  spend(project: string): void {
    this.#nextTurn(project, this.#clock.monotonicMs());
  }

  forget(who: string): void {
    this.#turns.delete(who);
  }

  #nextTurn(project: string, now: number): number {
    const start = Math.max(this.#busyUntil.get(project) ?? now, now);
    this.#busyUntil.set(project, start + EVERY_MS);
    return start - (BURST - 1) * EVERY_MS;
  }
}
