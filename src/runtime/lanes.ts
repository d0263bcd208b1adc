import { Fifo } from './fifo.ts';
import { Ranks } from './ranks.ts';

interface Aside<Key> {
  readonly key: Key;
  readonly isUrgent: boolean;
}

/**
 * Keys in line. At most one key of a lane is let through until it is released; the others of the lane stand aside in
 * their order, so that finding the next key never means to step over those that cannot run. No key is in it twice.
 */
export class Lanes<Key> {
  /** Each could run now: its lane is claimed by it, or it has none. */
  readonly #ready = new Ranks<Key>();
  /** The claimed lanes, each with the keys that stand aside. */
  readonly #lanes = new Map<string, Fifo<Aside<Key>>>();

  push(key: Key, lane: string | undefined, isUrgent = false): void {
    const aside = lane === undefined ? undefined : this.#lanes.get(lane);
    if (aside !== undefined) {
      aside.push({ key, isUrgent });
      return;
    }
    if (lane !== undefined) this.#lanes.set(lane, new Fifo());
    this.#ready.push(key, isUrgent);
  }

  /** Takes the key that has been ready for longest, an urgent one before others. Its lane stays claimed until `release`. */
  shift(): Key | undefined {
    return this.#ready.shift();
  }

  /** Hands the lane on to the next key that stands aside; that one queues up behind the other lanes' keys. */
  release(lane: string | undefined): void {
    if (lane === undefined) return;
    const next = this.#lanes.get(lane)?.shift();
    if (next === undefined) this.#lanes.delete(lane);
    else this.#ready.push(next.key, next.isUrgent);
  }

  clear(): void {
    this.#ready.clear();
    this.#lanes.clear();
  }
}
