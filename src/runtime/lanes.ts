import { type Rank, Ranks } from './ranks.ts';
import { Rounds } from './rounds.ts';

interface Aside<Key> {
  readonly key: Key;
  readonly rank: Rank;
}

const ORDINARY: Rank = { isUrgent: false, group: '' };

/**
 * Keys in line. At most one key of a lane is let through until it is released; the others of the lane stand aside in
 * their order, the groups by turns, so that finding the next key never means to step over those that cannot run. No key is in it twice.
 */
export class Lanes<Key> {
  /** Each could run now: its lane is claimed by it, or it has none. */
  readonly #ready = new Ranks<Key>();
  /** The claimed lanes, each with the keys that stand aside. */
  readonly #lanes = new Map<string, Rounds<Aside<Key>>>();

  push(key: Key, lane: string | undefined, rank: Rank = ORDINARY): void {
    const aside = lane === undefined ? undefined : this.#lanes.get(lane);
    if (aside !== undefined) {
      aside.push({ key, rank }, rank.group);
      return;
    }
    if (lane !== undefined) this.#lanes.set(lane, new Rounds());
    this.#ready.push(key, rank);
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
    else this.#ready.push(next.key, next.rank);
  }

  clear(): void {
    this.#ready.clear();
    this.#lanes.clear();
  }
}
