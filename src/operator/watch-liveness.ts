import { Heartbeat } from '../runtime/heartbeat.ts';
import type { Timers } from '../runtime/timers.ts';

/**
 * A watch gives a sign at each try, page, event and failure: at the latest after the silence that ends a watch and the
 * longest back-off, be the API server there or not. Without one for much longer, only a restart helps.
 */
const SILENCE_MS = 5 * 60_000;

/** Whether the watches give signs of life. */
export class WatchLiveness {
  readonly #heartbeats: ReadonlyMap<string | undefined, Heartbeat>;

  /** @param namespaces none: one watch of the whole cluster */
  constructor(namespaces: readonly string[], timers?: Timers) {
    const watches = namespaces.length === 0 ? [undefined] : namespaces;
    this.#heartbeats = new Map(watches.map((watch) => [watch, new Heartbeat(timers)]));
  }

  beat(namespace: string | undefined): void {
    this.#heartbeats.get(namespace)?.beat();
  }

  problem(): string | undefined {
    const silent = [...this.#heartbeats].find(([, { silentMs }]) => silentMs >= SILENCE_MS);
    if (silent === undefined) return undefined;
    const [namespace, { silentMs }] = silent;
    const what = namespace === undefined ? 'The watch' : `The watch of the namespace ${namespace}`;
    return `${what} has given no sign of life for ${Math.round(silentMs / 1000)} s`;
  }

  stop(): void {
    for (const heartbeat of this.#heartbeats.values()) heartbeat.stop();
  }
}
