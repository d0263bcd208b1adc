/**
 * Calls of the last hour, which `--max-resets-per-hour` and `--max-rotations-per-hour` count: those that objects name, and
 * those of this process.
 */
import { type Call, callKey, callsInLastHour, isWithinHour } from '../domain/reset/hourly-limit.ts';
import type { Key } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';

export class RecentCalls {
  readonly #entries: ReadonlyMap<Key, IndexedObject>;
  readonly #isCounted: (entry: IndexedObject) => boolean;
  /** Calls that this process recorded and that no object may name yet. */
  readonly #noted = new Map<string, Call>();

  /** @param isCounted whether the calls of an object are among them */
  constructor(entries: ReadonlyMap<Key, IndexedObject>, isCounted: (entry: IndexedObject) => boolean) {
    this.#entries = entries;
    this.#isCounted = isCounted;
  }

  note(call: Call): void {
    this.#noted.set(callKey(call), call);
  }

  /** The call is known not to have been executed. */
  forget(call: Call): void {
    this.#noted.delete(callKey(call));
  }

  /** Whether a call of the object with that uid is recorded, or about to be. */
  isNoted(uid: string): boolean {
    return [...this.#noted.values()].some((call) => call.uid === uid);
  }

  /** How many were or may have been executed. */
  count(now: Date): number {
    for (const [id, call] of this.#noted) {
      if (!isWithinHour(call, now)) this.#noted.delete(id);
    }
    return callsInLastHour([...this.#noted.values(), ...this.#recorded()], now);
  }

  *#recorded(): Iterable<Call> {
    for (const entry of this.#entries.values()) {
      if (this.#isCounted(entry)) yield* entry.callTimes.map((timeMs) => ({ uid: entry.uid, timeMs }));
    }
  }
}
