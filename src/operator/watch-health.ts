import { type Observable, ReplaySubject, take } from 'rxjs';
import { isKubernetesError } from '../domain/errors.ts';
import { oneLine } from '../lib/one-line.ts';
import type { Problem } from '../observability/health.ts';
import type { IndexedObject } from '../reconcile/indexed-object.ts';
import type { Logger } from '../reconcile/ports.ts';
import type { WatchEvent } from '../runtime/watcher.ts';

/** An event of one namespace's watch, or of the whole cluster's where `namespace` is undefined. */
export type ObjectEvent = WatchEvent<IndexedObject> & { readonly namespace: string | undefined };

type Watch = string | undefined;

/** How long the objects that are listed wait for those that cannot be, where it may pass by itself. */
const LISTING_PATIENCE_MS = 60_000;

/** Which watches of a kind have listed, and which cannot work at the moment. */
export class WatchHealth {
  /** Its objects, by the name of the kind. */
  readonly #objects: string;
  readonly #watches: readonly Watch[];
  readonly #unsynced: Set<Watch>;
  readonly #problems = new Map<Watch, string>();
  /** Those of the problems that only a person can put right. */
  readonly #refused = new Set<Watch>();
  readonly #logger: Logger;
  readonly #settled = new ReplaySubject<void>(1);
  #alarm: NodeJS.Timeout | undefined;

  constructor(kind: string, watches: readonly Watch[], logger: Logger) {
    this.#objects = `${kind}s`;
    this.#watches = watches;
    this.#unsynced = new Set(watches);
    this.#logger = logger;
  }

  /**
   * Completes when every watch has listed once, or is refused by the API server while others have listed:
   * taking a right away from the operator in one namespace stops it there alone.
   */
  get synced(): Observable<void> {
    return this.#settled.pipe(take(1));
  }

  observe(event: ObjectEvent): void {
    const { namespace } = event;
    if (event.type === 'failed') this.#fail(namespace, event.error);
    if (event.type === 'recovered') this.#recover(namespace);
    if (event.type === 'synced' && this.#unsynced.delete(namespace)) {
      this.#logger.info(`${this.#objects} are listed and watched`, { namespace, objects: event.objects.length });
    }
    this.#settle(event);
  }

  /** In part where some namespaces are watched: the others must not keep a pod, or its successor, from being ready. */
  problem(): Problem | undefined {
    const unseen = `the ${this.#objects} have not been listed yet`;
    const problems = [...this.#problems];
    const unlisted = [...this.#unsynced].filter((watch) => !this.#problems.has(watch));
    if (problems.length + unlisted.length === this.#watches.length) {
      return problems[0]?.[1] ?? unseen;
    }
    if (unlisted.length > 0) return unseen;
    if (problems.length === 0) return undefined;
    return { inPart: oneLine(problems.map(([watch, problem]) => `namespace ${watch}: ${problem}`).join('; ')) };
  }

  /** Whether that watch has listed and works. */
  isWatched(namespace: Watch): boolean {
    return !this.#unsynced.has(namespace) && !this.#problems.has(namespace);
  }

  /** Whether one of them has listed. */
  get hasListed(): boolean {
    return this.#unsynced.size < this.#watches.length;
  }

  /** None has listed, and each is refused: its CRD is not installed, say. */
  get isRefused(): boolean {
    return !this.hasListed && this.#watches.every((watch) => this.#refused.has(watch));
  }

  /** Objects of other kinds do not wait for these. */
  goWithout(): void {
    this.#settled.next();
  }

  stop(): void {
    clearTimeout(this.#alarm);
  }

  #settle(event: ObjectEvent): void {
    if (this.#unsynced.size === this.#watches.length) return;
    if ([...this.#unsynced].every((watch) => this.#refused.has(watch))) this.#settled.next();
    if (event.type === 'synced') this.#alarm ??= setTimeout(() => this.#settled.next(), LISTING_PATIENCE_MS).unref();
  }

  #fail(namespace: Watch, error: unknown): void {
    const message = oneLine(error instanceof Error ? error.message : String(error));
    this.#problems.set(namespace, `${this.#objects} cannot be watched: ${message}`);
    if (isKubernetesError(error, 'Forbidden', 'Refused', 'NotFound')) this.#refused.add(namespace);
    this.#logger.error(`${this.#objects} cannot be watched; retrying`, { namespace, err: error });
  }

  #recover(namespace: Watch): void {
    this.#problems.delete(namespace);
    this.#refused.delete(namespace);
    this.#logger.info(`${this.#objects} are watched again`, { namespace });
  }
}
