/** What this process remembers: since when it has seen something, on its own monotonic clock, and what it has encoded. */
import type { Clock } from './ports.ts';
import { Encodings } from './publishing/encodings.ts';

/** Longer than any circle that passes could go in. */
const MAX_STARTS = 8;

export class Memory {
  readonly encodings = new Encodings();
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #firstSeen = new Map<string, Map<string, number>>();
  readonly #starts = new Map<string, { readonly starts: readonly string[]; readonly repeats: number }>();

  readonly #looks = new Map<string, { readonly what: string; readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Milliseconds since this was asked first, for the object with that uid. */
  sinceSeenMs(uid: string, what: string): number {
    const now = this.#clock.monotonicMs();
    const seen = this.#firstSeen.get(uid) ?? new Map<string, number>();
    const first = seen.get(what) ?? now;
    this.#firstSeen.set(uid, seen.set(what, first));
    return now - first;
  }

  /** Whether something is new, or is to be looked at again after so long, for the object with that uid: once each time. */
  isDue(uid: string, what: string, everyMs: number): boolean {
    const now = this.#clock.monotonicMs();
    const last = this.#looks.get(uid);
    if (last?.what === what && now - last.atMs < everyMs) return false;
    this.#looks.set(uid, { what, atMs: now });
    return true;
  }

  /** How often in a row the passes over the object with that uid began as one of its last ones did. */
  repeats(uid: string, start: string): number {
    const { starts, repeats } = this.#starts.get(uid) ?? { starts: [], repeats: 0 };
    const next = starts.includes(start)
      ? { starts, repeats: repeats + 1 }
      : { starts: [start, ...starts].slice(0, MAX_STARTS), repeats: 0 };
    this.#starts.set(uid, next);
    return next.repeats;
  }

  forget(uid: string): void {
    this.#firstSeen.delete(uid);
    this.#starts.delete(uid);
    this.#looks.delete(uid);
  }
}
