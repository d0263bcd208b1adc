/** Calls of the last hour, which `--max-resets-per-hour` counts: those that objects name, and those of this process. */
import { type Call, callKey, callsInLastHour, isWithinHour } from '../domain/reset/hourly-limit.ts';
import type { IndexedObject } from './indexed-object.ts';

export class RecentCalls {
  readonly #entries: () => Iterable<IndexedObject>;
  /** Calls that this process recorded and that no object may name yet. */
  readonly #noted = new Map<string, Call>();

  constructor(entries: () => Iterable<IndexedObject>) {
    this.#entries = entries;
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
    for (const { uid, callTimes } of this.#entries()) {
      for (const timeMs of callTimes) yield { uid, timeMs };
    }
  }
}
