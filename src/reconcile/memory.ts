/** What this process remembers of its own watch: since when it has seen something, on its own monotonic clock. */
import type { Clock } from './ports.ts';

/** Longer than any circle that passes could go in. */
const MAX_SCENES = 8;

export class Memory {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #firstSeen = new Map<string, Map<string, number>>();
  readonly #scenes = new Map<string, { readonly scenes: readonly string[]; readonly repeats: number }>();

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

  /** How often in a row the object with that uid was in a scene that it had been in lately; 0: this one is new. */
  repeats(uid: string, scene: string): number {
    const { scenes, repeats } = this.#scenes.get(uid) ?? { scenes: [], repeats: 0 };
    const next = scenes.includes(scene)
      ? { scenes, repeats: repeats + 1 }
      : { scenes: [scene, ...scenes].slice(0, MAX_SCENES), repeats: 0 };
    this.#scenes.set(uid, next);
    return next.repeats;
  }

  forget(uid: string): void {
    this.#firstSeen.delete(uid);
    this.#scenes.delete(uid);
  }
}
