import { Heartbeat } from '../runtime/heartbeat.ts';
import type { Timers } from '../runtime/timers.ts';

/**
 * A watch gives a sign at each try, page, event and failure: at the latest after the silence that ends a watch and the
 * longest back-off, be the API server there or not. Without one for much longer, only a restart helps.
 */
const SILENCE_MS = 5 * 60_000;

interface Watch {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly heartbeat: Heartbeat;
}

/** Whether the watches give signs of life. */
export class WatchLiveness {
  readonly #watches: readonly Watch[];

  /** @param namespaces none: for each kind one watch of the whole cluster */
  constructor(kinds: readonly string[], namespaces: readonly string[], timers?: Timers) {
    const scopes = namespaces.length === 0 ? [undefined] : namespaces;
    this.#watches = kinds.flatMap((kind) =>
      scopes.map((namespace) => ({ kind, namespace, heartbeat: new Heartbeat(timers) })),
    );
  }

  beat(kind: string, namespace: string | undefined): void {
    this.#watches.find((watch) => watch.kind === kind && watch.namespace === namespace)?.heartbeat.beat();
  }

  problem(): string | undefined {
    const silent = this.#watches.find(({ heartbeat }) => heartbeat.silentMs >= SILENCE_MS);
    if (silent === undefined) return undefined;
    const { kind, namespace, heartbeat } = silent;
    const where = namespace === undefined ? '' : ` in the namespace ${namespace}`;
    return `The watch of ${kind}s${where} has given no sign of life for ${Math.round(heartbeat.silentMs / 1000)} s`;
  }

  stop(): void {
    for (const { heartbeat } of this.#watches) heartbeat.stop();
  }
}
