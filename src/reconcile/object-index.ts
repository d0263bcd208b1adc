/**
 * All objects that are watched, of every kind, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import type { InstanceRef } from '../domain/instance.ts';
import { type Key, kindOf, namespaceOf, refOf } from '../lib/key.ts';
import type { Priority } from '../lib/priority.ts';
import type { ConditionSummary } from './condition-summary.ts';
import type { IndexedObject } from './indexed-object.ts';
import { asksForPass, concernedBy } from './news.ts';
import { laterRead } from './outdated.ts';
import type { ObjectRef } from './ports.ts';
import { goesFirst, publishesInto, sharedNames } from './publications.ts';
import { RecentCalls } from './recent-calls.ts';
import { Siblings } from './siblings.ts';

const keysOf = (entries: readonly IndexedObject[]): readonly Key[] => entries.map(({ key }) => key);

export class ObjectIndex<T> {
  readonly #entries = new Map<Key, IndexedObject>();
  /** Nearly all have one entry, for which a set takes three times as much as an array. */
  readonly #groups = new Map<string, readonly IndexedObject[]>();
  /** Keys of objects that have not begun, and whose namespace was seen to be allowed the instance. */
  readonly #admitted = new Set<Key>();
  readonly calls = new RecentCalls(() => this.#entries.values());
  readonly #indexed: (object: T) => IndexedObject;

  /** @param indexed of an object of whatever kind */
  constructor(indexed: (object: T) => IndexedObject) {
    this.#indexed = indexed;
  }

  /** Takes in an object as it is now, and answers which objects need a pass because of what is new in it. */
  apply(object: T): readonly Key[] {
    return this.take(this.#indexed(object));
  }

  /**
   * The same, of an object as an own write has left it: the watch may have shown a later version of it already, or that
   * it is gone. Then nothing of it is kept: it would hold up the others of its instance.
   */
  applyOwnWrite(object: T): readonly Key[] {
    const entry = this.#indexed(object);
    const before = this.#entries.get(entry.key);
    const isOld = before === undefined || (before.uid === entry.uid && before.version > entry.version);
    return isOld ? [] : this.take(entry);
  }

  /** The same, of an object of which just the record is there. */
  take(entry: IndexedObject): readonly Key[] {
    const before = this.#entries.get(entry.key);
    if (before !== undefined) this.#leaveGroup(before);
    this.#entries.set(entry.key, entry);
    this.#groups.set(entry.group, this.#inGroup(entry.group).concat(entry));
    const hasNews = before === undefined ? this.#isDue(entry) : asksForPass(before, entry);
    const itself = hasNews ? [entry] : [];
    return keysOf([...itself, ...concernedBy(entry, before, this.#siblings(entry)), ...this.#freedBy(before, entry)]);
  }

  /** The object is gone. Answers whom that concerns. */
  remove(key: Key): readonly Key[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    this.#leaveGroup(entry);
    this.#entries.delete(key);
    this.#admitted.delete(key);
    const called = this.#siblings(entry).filter(({ siblingCalls }) => siblingCalls.includes(entry.uid));
    return keysOf([...called, ...this.#freedBy(entry, undefined)]);
  }

  /** The full set of a kind, in a namespace or in the cluster: whatever of it is not in there is gone. */
  replace(kind: string, entries: readonly IndexedObject[], namespace?: string): readonly Key[] {
    const present = new Set(entries.map(({ key }) => key));
    const isGone = (key: Key): boolean =>
      !present.has(key) && kindOf(key) === kind && (namespace === undefined || namespaceOf(key) === namespace);
    const left = [...this.#entries.keys()].filter(isGone).flatMap((key) => this.remove(key));
    return [...left, ...entries.flatMap((entry) => this.take(entry))];
  }

  /** The object that goes before that one in publishing into `published`, as `Secret/name`. */
  rivalOf(key: Key, published: string): Key | undefined {
    const own = this.#entries.get(key);
    const hasCalled = (uid: string): boolean => this.calls.isNoted(uid);
    return this.#neighbours(key).find((other) => goesFirst(other, own, { name: published, hasCalled }))?.key;
  }

  /** Whether that object is there and publishes into `published`, as `Secret/name`. */
  isPublisher(key: Key, published: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && publishesInto(entry, published);
  }

  /** Those that may have a name now which `before` kept from them. */
  #freedBy(before: IndexedObject | undefined, after: IndexedObject | undefined): readonly IndexedObject[] {
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

  /**
   * The group of a key, in which one pass runs at a time: its instance. An object with siblings that has not begun is in
   * none until its namespace is seen to be allowed the instance: so far it only asks for that, and holds up nobody.
   */
  groupOf(key: Key): string | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#isExclusive(entry) ? entry.group : undefined;
  }

  /** Whether no pass works on a sibling while one works on the object. */
  isExclusive(object: T): boolean {
    return this.#isExclusive(this.#indexed(object));
  }

  /** Its namespace is allowed the instance: from the next pass on it is exclusive. */
  admit(object: T): void {
    this.#admitted.add(this.#indexed(object).key);
  }

  dismiss(object: T): void {
    this.#admitted.delete(this.#indexed(object).key);
  }

  #isExclusive(entry: IndexedObject): boolean {
    const { hasBegun, isIssuing, key } = entry;
    return hasBegun || isIssuing || this.#admitted.has(key) || this.#siblings(entry).length === 0;
  }

  /** High where something was begun for the object that is not at its end. */
  priorityOf(key: Key): Priority {
    const entry = this.#entries.get(key);
    return entry?.hasBegun === true && !entry.isIdle ? 'High' : 'Low';
  }

  /** Those for which something may be to do. */
  get due(): readonly Key[] {
    return keysOf([...this.#entries.values()].filter((entry) => this.#isDue(entry)));
  }

  /** How each object of a kind stands. */
  *summaries(kind: string): Iterable<ObjectRef & ConditionSummary> {
    for (const { key, summary } of this.#entries.values()) {
      if (kindOf(key) === kind) yield { ...refOf(key), ...summary };
    }
  }

  /** When the server CA of each instance expires, as the object knows it that read it last. */
  *caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }> {
    for (const [group, entries] of this.#groups) {
      const newest = entries
        .toSorted((a, b) => laterRead(a.ca, b.ca))
        .find(({ caExpiryMs }) => caExpiryMs !== undefined);
      const [project = '', instance = ''] = group.split('/');
      if (newest?.caExpiryMs !== undefined) yield { project, instance, expiryMs: newest.caExpiryMs };
    }
  }

  /**
   * The time for a read of the instance's CAs that begins now, RFC 3339: by this clock, and after every one that is known
   * of the instance, since the clocks of two processes need not agree.
   */
  timeOfRead(object: T, now: Date): string {
    const known = this.#inGroup(this.#indexed(object).group).map(({ ca }) => ca?.readMs ?? 0);
    return new Date(Math.max(now.getTime(), ...known.map((ms) => ms + 1))).toISOString();
  }

  /** The others of its instance, as they matter to the object. */
  siblingsOf(object: T): Siblings {
    const own = this.#indexed(object);
    return new Siblings(own, this.#siblings(own));
  }

  #isDue(entry: IndexedObject): boolean {
    return !entry.isIdle || new Siblings(entry, this.#siblings(entry)).callForPass();
  }

  #siblings({ key, group }: IndexedObject): readonly IndexedObject[] {
    return this.#inGroup(group).filter((entry) => entry.key !== key);
  }

  #inGroup(group: string): readonly IndexedObject[] {
    return this.#groups.get(group) ?? [];
  }

  #leaveGroup(entry: IndexedObject): void {
    const others = this.#siblings(entry);
    if (others.length === 0) this.#groups.delete(entry.group);
    else this.#groups.set(entry.group, others);
  }
}
