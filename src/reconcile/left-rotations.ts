import type { Phase } from '../domain/server-ca/rotation/rotation.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Key } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';

/** A rotation whose object was deleted in the middle of it, as it was seen last. */
export interface LeftRotation {
  readonly uid: string;
  readonly phase: Phase;
  /** SHA-1 fingerprint of what it was about to switch to, where that was known. */
  readonly next: string | undefined;
}

/** A process that does not lead takes none of them. */
const MAX_LEFT = 100;

/** What a last event tells of them. Kept by this process alone, until it is told. */
export class LeftRotations {
  readonly #left = new BoundedMap<Key, LeftRotation>(MAX_LEFT);

  /** The object is gone. Answers whether there is something to tell. */
  note({ key, uid, follows }: IndexedObject): boolean {
    this.#left.delete(key);
    const { phase, rotating } = follows ?? {};
    if (phase === undefined || rotating === undefined) return false;
    this.#left.set(key, { uid, phase, next: rotating.next[0] });
    return true;
  }

  take(key: Key): LeftRotation | undefined {
    const left = this.#left.get(key);
    this.#left.delete(key);
    return left;
  }
}
