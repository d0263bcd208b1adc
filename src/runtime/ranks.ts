import { Rounds } from './rounds.ts';

/** So many urgent items in a row are taken while another one waits. */
const URGENT_IN_A_ROW = 3;

/** Where an item stands. */
export interface Rank {
  readonly isUrgent: boolean;
  /** Groups of one urgency take turns. */
  readonly group: string;
}

/** Two lines, in each of which groups take turns: the urgent one goes first, and yet the other one never stands still. */
export class Ranks<T> {
  readonly #urgent = new Rounds<T>();
  readonly #ordinary = new Rounds<T>();
  #urgentInARow = 0;

  push(item: T, { isUrgent, group }: Rank): void {
    (isUrgent ? this.#urgent : this.#ordinary).push(item, group);
  }

  shift(): T | undefined {
    const urgent = this.#urgentInARow < URGENT_IN_A_ROW ? this.#urgent.shift() : undefined;
    if (urgent !== undefined) {
      this.#urgentInARow += 1;
      return urgent;
    }
    this.#urgentInARow = 0;
    return this.#ordinary.shift() ?? this.#urgent.shift();
  }

  clear(): void {
    this.#urgent.clear();
    this.#ordinary.clear();
  }
}
