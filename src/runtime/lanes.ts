/**
 * Keys in line. At most one key of a lane is let through until it is released; the others of the lane stand aside in
 * their order, so that finding the next key never means to step over those that cannot run.
 */
export class Lanes<Key> {
  /** Each could run now: its lane is claimed by it, or it has none. */
  readonly #ready = new Set<Key>();
  /** The claimed lanes, each with the keys that stand aside. */
  readonly #lanes = new Map<string, Set<Key>>();

  push(key: Key, lane: string | undefined): void {
    const aside = lane === undefined ? undefined : this.#lanes.get(lane);
    if (aside !== undefined) {
      aside.add(key);
      return;
    }
    if (lane !== undefined) this.#lanes.set(lane, new Set());
    this.#ready.add(key);
  }

  /** Takes the key that has been ready for longest. Its lane stays claimed until `release`. */
  shift(): Key | undefined {
    for (const key of this.#ready) {
      this.#ready.delete(key);
      return key;
    }
    return undefined;
  }

  /** Hands the lane on to the next key that stands aside; that one queues up behind the other lanes' keys. */
  release(lane: string | undefined): void {
    if (lane === undefined) return;
    for (const key of this.#lanes.get(lane) ?? []) {
      this.#lanes.get(lane)?.delete(key);
      this.#ready.add(key);
      return;
    }
    this.#lanes.delete(lane);
  }

  clear(): void {
    this.#ready.clear();
    this.#lanes.clear();
  }
}
