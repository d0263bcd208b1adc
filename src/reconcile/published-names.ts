/** Who publishes into which Secret or ConfigMap, each as `Secret/name`. */
import { type Key, namespaceOf } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';
import { goesFirst, publishesInto, sharedNames } from './publications.ts';
import type { RecentCalls } from './recent-calls.ts';

export class PublishedNames {
  readonly #entries: ReadonlyMap<Key, IndexedObject>;
  readonly #calls: RecentCalls;

  constructor(entries: ReadonlyMap<Key, IndexedObject>, calls: RecentCalls) {
    this.#entries = entries;
    this.#calls = calls;
  }

  /** The object that goes before that one in publishing into `name`. */
  rivalOf(key: Key, name: string): Key | undefined {
    const own = this.#entries.get(key);
    const hasCalled = (uid: string): boolean => this.#calls.isNoted(uid);
    return this.#neighbours(key).find((other) => goesFirst(other, own, { name, hasCalled }))?.key;
  }

  /** Whether that object is there and publishes into `name`. */
  isPublisher(key: Key, name: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && publishesInto(entry, name);
  }

  /** Those that may have a name now which `before` kept from them. */
  freedBy(before: IndexedObject | undefined, after: IndexedObject | undefined): readonly IndexedObject[] {
    if (before?.publishes === undefined || before.publishes === after?.publishes) return [];
    return this.#neighbours(before.key).filter((one) => sharedNames(before, one).length > 0);
  }

  /** The others of the namespace that publish. Looked through and not indexed: it is asked seldom, and all are held. */
  #neighbours(key: Key): readonly IndexedObject[] {
    const prefix = `${namespaceOf(key)}/`;
    return [...this.#entries.values()].filter(
      (one) => one.publishes !== undefined && one.key !== key && one.key.startsWith(prefix),
    );
  }
}
