import { filter, firstValueFrom, map, type Observable, ReplaySubject, type Subscription, takeUntil, timer } from 'rxjs';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Client } from '../../../src/kubernetes/client.ts';
import { silentLogger } from '../kubernetes/test-client.ts';
import { watchSslResets } from '../kubernetes/watch-resets.ts';

/** Sees every state of the objects of some namespaces, whose names differ, straight from the API server. */
export class Observer {
  readonly #latest = new Map<string, SslReset>();
  readonly #stalls = new Set<string>();
  readonly #changes = new ReplaySubject<ReadonlyMap<string, SslReset>>(1);
  readonly #subscription: Subscription;

  constructor(client: Client, ...namespaces: readonly string[]) {
    this.#subscription = watchSslResets(client, namespaces, { logger: silentLogger }).subscribe((event) => {
      if (event.type === 'synced') for (const reset of event.objects) this.#see(reset);
      if (event.type === 'applied') this.#see(event.object);
      if (event.type === 'deleted') this.#latest.delete(event.object.metadata.name);
      this.#changes.next(this.#latest);
    });
  }

  /** Each stall that was ever seen: `name Reason`. */
  get stalls(): readonly string[] {
    return [...this.#stalls];
  }

  get(name: string): SslReset | undefined {
    return this.#latest.get(name);
  }

  get all(): readonly SslReset[] {
    return [...this.#latest.values()];
  }

  /** Undefined where it did not come to that in time. */
  until(holds: (all: ReadonlyMap<string, SslReset>) => boolean, patienceMs: number): Promise<true | undefined> {
    const held: Observable<true> = this.#changes.pipe(
      filter(holds),
      map(() => true as const),
      takeUntil(timer(patienceMs)),
    );
    return firstValueFrom(held, { defaultValue: undefined });
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #see(reset: SslReset): void {
    const { metadata, status } = reset;
    this.#latest.set(metadata.name, reset);
    const stalled = findCondition(status.conditions, 'Stalled');
    if (stalled?.status === 'True') this.#stalls.add(`${metadata.name} ${stalled.reason}`);
  }
}
