/** What this process remembers of its own watch: since when it has seen something, on its own monotonic clock. */
import type { Clock } from './ports.ts';

/** Longer than any circle that passes could go in. */
const MAX_STARTS = 8;

export class Memory {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #firstSeen = new Map<string, Map<string, number>>();
  readonly #starts = new Map<string, { readonly starts: readonly string[]; readonly repeats: number }>();

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
  }
}
