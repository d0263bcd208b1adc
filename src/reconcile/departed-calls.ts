/**
 * Calls of objects that are gone: nobody follows them any more, and Cloud SQL may not list yet what they began. Kept by this
 * process alone, which is all that is left of them.
 */
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Key } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';

export interface DepartedCall {
  readonly key: Key;
  readonly uid: string;
  readonly group: string;
  /** Undefined: what became of the call was not known. */
  readonly operation: string | undefined;
}

/** One is forgotten only when another object of its instance has waited for it, so the oldest give way. */
const MAX_CALLS = 1_000;

export class DepartedCalls {
  readonly #calls = new BoundedMap<string, DepartedCall>(MAX_CALLS);

  /** The object is gone, as it was seen last. */
  note({ key, uid, group, doubt, unseenCa }: IndexedObject): void {
    if (unseenCa === undefined && doubt?.kind !== 'Unresolved') return;
    this.#calls.set(uid, { key, uid, group, operation: unseenCa?.operation });
  }

  /** Those of an instance. */
  of(group: string): readonly DepartedCall[] {
    return [...this.#calls.values()].filter((call) => call.group === group);
  }

  forget({ uid }: DepartedCall): void {
    this.#calls.delete(uid);
  }
}
