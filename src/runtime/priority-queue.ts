import type { Priority } from '../lib/priority.ts';
import { RoundRobin } from './round-robin.ts';

/** So many items of high priority in a row are taken while another one waits. */
const HIGH_IN_A_ROW = 3;

/** What decides when an item's turn comes. */
export interface Rank {
  readonly priority: Priority;
  /** Tenants take turns within a priority. */
  readonly tenant: string;
}

/** High priority goes first, and yet low priority never stands still. */
export class PriorityQueue<T> {
  readonly #high = new RoundRobin<T>();
  readonly #low = new RoundRobin<T>();
  #highInARow = 0;

  push(item: T, { priority, tenant }: Rank): void {
    (priority === 'High' ? this.#high : this.#low).push(item, tenant);
  }

  shift(): T | undefined {
    const high = this.#highInARow < HIGH_IN_A_ROW ? this.#high.shift() : undefined;
    if (high !== undefined) {
      this.#highInARow += 1;
      return high;
    }
    this.#highInARow = 0;
    return this.#low.shift() ?? this.#high.shift();
  }

  clear(): void {
    this.#high.clear();
    this.#low.clear();
  }
}
