import { PriorityQueue, type Rank } from './priority-queue.ts';
import { RoundRobin } from './round-robin.ts';

interface Waiting<Key> {
  readonly key: Key;
  readonly rank: Rank;
}

/**
 * A queue of keys that lets at most one key of a group through until it is released. The others of the group wait apart,
 * in their order, tenants by turns, so that finding the next key never means stepping over those that cannot run. No key
 * is in it twice.
 */
export class GroupedQueue<Key> {
  /** Each could run now: its group is claimed by it, or it has none. */
  readonly #ready = new PriorityQueue<Key>();
  /** The claimed groups, each with the keys that wait for it. */
  readonly #groups = new Map<string, RoundRobin<Waiting<Key>>>();

  push(key: Key, group: string | undefined, rank: Rank): void {
    const waiting = group === undefined ? undefined : this.#groups.get(group);
    if (waiting !== undefined) {
      waiting.push({ key, rank }, rank.tenant);
      return;
    }
    if (group !== undefined) this.#groups.set(group, new RoundRobin());
    this.#ready.push(key, rank);
  }

  /** Takes the key that has been ready for longest, by its rank. Its group stays claimed until `release`. */
  shift(): Key | undefined {
    return this.#ready.shift();
  }

  /** Hands the group on to its next key; that one queues up behind the keys of other groups. */
  release(group: string | undefined): void {
    if (group === undefined) return;
    const next = this.#groups.get(group)?.shift();
    if (next === undefined) this.#groups.delete(group);
    else this.#ready.push(next.key, next.rank);
  }

  clear(): void {
    this.#ready.clear();
    this.#groups.clear();
  }
}
