/** What this process remembers of its own watch: since when it has seen something, on its own monotonic clock. */
import type { Clock } from './ports.ts';

export class Memory {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #firstSeen = new Map<string, Map<string, number>>();

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

  forget(uid: string): void {
    this.#firstSeen.delete(uid);
  }
}
