import { Fifo } from './fifo.ts';

/** So many urgent items in a row are taken while another one waits. */
const URGENT_IN_A_ROW = 3;

/** Two lines, each first in, first out: the urgent one goes first, and yet the other one never stands still. */
export class Ranks<T> {
  readonly #urgent = new Fifo<T>();
  readonly #ordinary = new Fifo<T>();
  #urgentInARow = 0;

  push(item: T, isUrgent: boolean): void {
    (isUrgent ? this.#urgent : this.#ordinary).push(item);
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
