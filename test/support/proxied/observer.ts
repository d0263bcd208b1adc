import { filter, firstValueFrom, map, type Observable, ReplaySubject, type Subscription, takeUntil, timer } from 'rxjs';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { Condition } from '../../../src/domain/object.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { Client } from '../../../src/kubernetes/client.ts';
import { type ObjectEvent, watchObjects } from '../../../src/kubernetes/list-watch.ts';
import { SERVER_CA_OBJECTS } from '../../../src/kubernetes/server-cas.ts';
import { silentLogger } from '../kubernetes/test-client.ts';
import { watchSslResets } from '../kubernetes/watch-resets.ts';

/** An object of either kind. */
export interface Observed {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status: { readonly conditions?: readonly Condition[] };
}

/** Sees every state of the objects of some namespaces, whose names differ, straight from the API server. */
export class Observer<T extends Observed> {
  readonly #latest = new Map<string, T>();
  readonly #stalls = new Set<string>();
  readonly #changes = new ReplaySubject<ReadonlyMap<string, T>>(1);
  readonly #subscription: Subscription;

  constructor(events: Observable<ObjectEvent<T>>) {
    this.#subscription = events.subscribe((event) => {
      if (event.type === 'synced') for (const object of event.objects) this.#see(object);
      if (event.type === 'applied') this.#see(event.object);
      if (event.type === 'deleted') this.#latest.delete(event.object.metadata.name);
      this.#changes.next(this.#latest);
    });
  }

  /** Each stall that was ever seen: `name Reason`. */
  get stalls(): readonly string[] {
    return [...this.#stalls];
  }

  get(name: string): T | undefined {
    return this.#latest.get(name);
  }

  get all(): readonly T[] {
    return [...this.#latest.values()];
  }

  /** Undefined where it did not come to that in time. */
  until(holds: (all: ReadonlyMap<string, T>) => boolean, patienceMs: number): Promise<true | undefined> {
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

  #see(object: T): void {
    const { metadata, status } = object;
    this.#latest.set(metadata.name, object);
    const stalled = findCondition(status.conditions, 'Stalled');
    if (stalled?.status === 'True') this.#stalls.add(`${metadata.name} ${stalled.reason}`);
  }
}

export const observeResets = (client: Client, ...namespaces: readonly string[]): Observer<SslReset> =>
  new Observer(watchSslResets(client, namespaces, { logger: silentLogger }));

export const observeServerCas = (client: Client, ...namespaces: readonly string[]): Observer<CloudSqlServerCa> =>
  new Observer(watchObjects(SERVER_CA_OBJECTS, (object) => object, client, namespaces, { logger: silentLogger }));
