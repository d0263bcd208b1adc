import assert from 'node:assert/strict';
import { filter, firstValueFrom, map, ReplaySubject, type Subscription, takeUntil, tap, timer } from 'rxjs';
import type { Client } from '../../src/kubernetes/client.ts';
import { watchObjects } from '../support/kubernetes/objects.ts';
import { PATIENCE_MS } from '../support/patience.ts';

interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

type State<T> = T & { readonly isDeleted: boolean };

export interface Watched<T> {
  readonly client: Client;
  /** Of the collection. */
  readonly path: string;
  readonly name: string;
  readonly parse: (object: unknown) => T;
  /** Does some work that needs the program which writes the object. */
  whileItRuns<R>(work: () => Promise<R>): Promise<R>;
}

/** One object that another program works on, each state of it seen in order. */
export class WatchedObject<T extends Versioned> {
  readonly #watched: Watched<T>;
  readonly #states = new ReplaySubject<State<T>>();
  readonly #watch: Subscription;
  #seen: readonly State<T>[] = [];

  constructor(watched: Watched<T>) {
    const { client, path, name, parse } = watched;
    this.#watched = watched;
    this.#watch = watchObjects(client, `${path}?fieldSelector=metadata.name%3D${name}`)
      .pipe(
        map(({ isDeleted, object }) => ({ ...parse(object), isDeleted })),
        tap((state) => {
          this.#seen = [...this.#seen, state];
        }),
      )
      .subscribe(this.#states);
  }

  /** All states so far. */
  get seen(): readonly T[] {
    return this.#seen;
  }

  get exists(): boolean {
    return this.#seen.at(-1)?.isDeleted === false;
  }

  /** Marks a moment for `until`: the version of the last state that was seen. */
  get version(): number {
    const last = this.#seen.at(-1);
    return last === undefined ? 0 : versionOf(last);
  }

  /** The first state after a version that satisfies the predicate; without one, the present state or a later one. */
  until(holds: (object: T) => boolean, after = this.version - 1): Promise<T> {
    return this.#first((state) => !state.isDeleted && holds(state), after);
  }

  async untilDeleted(after = this.version - 1): Promise<void> {
    await this.#first(({ isDeleted }) => isDeleted, after);
  }

  stop(): void {
    this.#watch.unsubscribe();
  }

  #first(holds: (state: State<T>) => boolean, after: number): Promise<T> {
    return this.#watched.whileItRuns(async () => {
      const held = this.#states.pipe(
        filter((state) => versionOf(state) > after && holds(state)),
        takeUntil(timer(PATIENCE_MS)),
      );
      const found = await firstValueFrom(held, { defaultValue: undefined });
      assert.ok(found, `${this.#watched.name} did not get there: ${JSON.stringify(this.#seen.at(-1), undefined, 1)}`);
      return found;
    });
  }
}

export const versionOf = ({ metadata }: Versioned): number => Number(metadata.resourceVersion);
