import type { InstanceRef } from '../domain/instance.ts';
import type { IndexedObject } from './indexed-object.ts';
import { laterRead } from './outdated.ts';

const refOf = (group: string): InstanceRef => {
  const [project = '', instance = ''] = group.split('/');
  return { project, instance };
};

/** The objects of each instance, and what they say of it together. */
export class ByInstance {
  /** By `instanceKey`. Nearly all have one entry, for which a set takes three times as much as an array. */
  readonly #groups = new Map<string, readonly IndexedObject[]>();
  /** Of the objects as they are; undefined: not counted since one has changed. Each look of a fleet asks for it. */
  #followed: ReadonlyMap<string, number> | undefined;

  of(group: string): readonly IndexedObject[] {
    return this.#groups.get(group) ?? [];
  }

  /** The others of its instance. */
  beside({ key, group }: IndexedObject): readonly IndexedObject[] {
    return this.of(group).filter((entry) => entry.key !== key);
  }

  add(entry: IndexedObject): void {
    this.#followed = undefined;
    this.#groups.set(entry.group, this.of(entry.group).concat(entry));
  }

  remove(entry: IndexedObject): void {
    this.#followed = undefined;
    const others = this.beside(entry);
    if (others.length === 0) this.#groups.delete(entry.group);
    else this.#groups.set(entry.group, others);
  }

  /** When the server CA of each instance expires, as the object knows it that read it last. */
  *caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }> {
    for (const [group, entries] of this.#groups) {
      const byRead = entries.toSorted((a, b) => laterRead(a.ca, b.ca));
      const newest = byRead.find(({ caExpiryMs }) => caExpiryMs !== undefined);
      if (newest?.caExpiryMs !== undefined) yield { ...refOf(group), expiryMs: newest.caExpiryMs };
    }
  }

  /**
   * How many instances of each project are followed; of a project without any there is nothing. Objects that are not
   * permitted look at nothing, so that they stretch nobody's interval.
   */
  followed(): ReadonlyMap<string, number> {
    this.#followed ??= this.#countFollowed();
    return this.#followed;
  }

  #countFollowed(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [group, entries] of this.#groups) {
      if (!entries.some(({ follows, hasBegun }) => follows !== undefined && hasBegun)) continue;
      const { project } = refOf(group);
      counts.set(project, (counts.get(project) ?? 0) + 1);
    }
    return counts;
  }
}
