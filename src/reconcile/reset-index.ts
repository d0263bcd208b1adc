/**
 * All objects that are watched, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import type { InstanceRef } from '../domain/instance.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import type { Priority } from '../lib/priority.ts';
import type { ConditionSummary } from './condition-summary.ts';
import { type IndexedReset, indexed, keyOf, refOf, refsOf } from './indexed-reset.ts';
import { asksForPass, concernedBy } from './news.ts';
import { laterRead } from './outdated.ts';
import type { ObjectRef } from './ports.ts';
import { goesFirst, publishesInto, sharedNames } from './publications.ts';
import { RecentCalls } from './recent-calls.ts';
import { Siblings } from './siblings.ts';

export class ResetIndex {
  readonly #entries = new Map<string, IndexedReset>();
  /** Nearly all have one entry, for which a set takes three times as much as an array. */
  readonly #groups = new Map<string, readonly IndexedReset[]>();
  /** Keys of objects that have not begun, and whose namespace was seen to be allowed the instance. */
  readonly #admitted = new Set<string>();
  readonly calls = new RecentCalls(() => this.#entries.values());

  /** Takes in an object as it is now, and answers which objects need a pass because of what is new in it. */
  apply(reset: SslReset): readonly ObjectRef[] {
    return this.take(indexed(reset));
  }

  /**
   * The same, of an object as an own write has left it: the watch may have shown a later version of it already, or that
   * it is gone. Then nothing of it is kept: it would hold up the others of its instance.
   */
  applyOwnWrite(reset: SslReset): readonly ObjectRef[] {
    const entry = indexed(reset);
    const before = this.#entries.get(entry.key);
    const isOld = before === undefined || (before.uid === entry.uid && before.version > entry.version);
    return isOld ? [] : this.take(entry);
  }

  /** The same, of an object of which just the record is there. */
  take(entry: IndexedReset): readonly ObjectRef[] {
    const before = this.#entries.get(entry.key);
    if (before !== undefined) this.#leaveGroup(before);
    this.#entries.set(entry.key, entry);
    this.#groups.set(entry.group, this.#inGroup(entry.group).concat(entry));
    const hasNews = before === undefined ? this.#isDue(entry) : asksForPass(before, entry);
    const itself = hasNews ? [entry] : [];
    return refsOf([...itself, ...concernedBy(entry, before, this.#siblings(entry)), ...this.#freedBy(before, entry)]);
  }

  /** The object is gone. Answers whom that concerns. */
  remove(key: string): readonly ObjectRef[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    this.#leaveGroup(entry);
    this.#entries.delete(key);
    this.#admitted.delete(key);
    const called = this.#siblings(entry).filter(({ siblingCalls }) => siblingCalls.includes(entry.uid));
    return refsOf([...called, ...this.#freedBy(entry, undefined)]);
  }

  /** The full set of a namespace, or of the cluster: whatever is not in it is gone. */
  replace(entries: readonly IndexedReset[], namespace?: string): readonly ObjectRef[] {
    const present = new Set(entries.map(({ key }) => key));
    const isGone = (key: string): boolean =>
      (namespace === undefined || refOf(key).namespace === namespace) && !present.has(key);
    const left = [...this.#entries.keys()].filter(isGone).flatMap((key) => this.remove(key));
    return [...left, ...entries.flatMap((entry) => this.take(entry))];
  }

  /** The name of the object that goes before that one in publishing into `object`, as `Secret/name`. */
  rivalOf(ref: ObjectRef, object: string): string | undefined {
    const key = keyOf(ref);
    const own = this.#entries.get(key);
    const hasCalled = (uid: string): boolean => this.calls.isNoted(uid);
    const rival = this.#neighbours(key).find((other) => goesFirst(other, own, { name: object, hasCalled }));
    return rival && refOf(rival.key).name;
  }

  /** Whether an object of that name is there and publishes into `object`, as `Secret/name`. */
  isPublisher(ref: ObjectRef, object: string): boolean {
    const entry = this.#entries.get(keyOf(ref));
    return entry !== undefined && publishesInto(entry, object);
  }

  /** Those that may have a name now which `before` kept from them. */
  #freedBy(before: IndexedReset | undefined, after: IndexedReset | undefined): readonly IndexedReset[] {
    if (before?.publishes === undefined || before.publishes === after?.publishes) return [];
    return this.#neighbours(before.key).filter((one) => sharedNames(before, one).length > 0);
  }

  /** The others of the namespace that publish. Looked through and not indexed: it is asked seldom, and all are held. */
  #neighbours(key: string): readonly IndexedReset[] {
    const prefix = `${refOf(key).namespace}/`;
    return [...this.#entries.values()].filter(
      (one) => one.publishes !== undefined && one.key !== key && one.key.startsWith(prefix),
    );
  }

  /**
   * The group of a key, in which one pass runs at a time: its instance. An object with siblings that has not begun is in
   * none until its namespace is seen to be allowed the instance: so far it only asks for that, and holds up nobody.
   */
  groupOf(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#isExclusive(entry) ? entry.group : undefined;
  }

  /** Whether no pass works on a sibling while one works on the object. */
  isExclusive(reset: SslReset): boolean {
    return this.#isExclusive(indexed(reset));
  }

  /** Its namespace is allowed the instance: from the next pass on it is exclusive. */
  admit({ metadata }: SslReset): void {
    this.#admitted.add(keyOf(metadata));
  }

  dismiss({ metadata }: SslReset): void {
    this.#admitted.delete(keyOf(metadata));
  }

  #isExclusive(entry: IndexedReset): boolean {
    const { hasBegun, isIssuing, key } = entry;
    return hasBegun || isIssuing || this.#admitted.has(key) || this.#siblings(entry).length === 0;
  }

  /** High where something was begun for the object that is not at its end. */
  priorityOf(key: string): Priority {
    const entry = this.#entries.get(key);
    return entry?.hasBegun === true && !entry.isIdle ? 'High' : 'Low';
  }

  /** Those for which something may be to do. */
  get due(): readonly ObjectRef[] {
    return refsOf([...this.#entries.values()].filter((entry) => this.#isDue(entry)));
  }

  /** How each object stands. */
  *summaries(): Iterable<ObjectRef & ConditionSummary> {
    for (const { key, summary } of this.#entries.values()) yield { ...refOf(key), ...summary };
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
  timeOfRead(reset: SslReset, now: Date): string {
    const known = this.#inGroup(indexed(reset).group).map(({ ca }) => ca?.readMs ?? 0);
    return new Date(Math.max(now.getTime(), ...known.map((ms) => ms + 1))).toISOString();
  }

  /** The others of its instance, as they matter to the object. */
  siblingsOf(reset: SslReset): Siblings {
    const own = indexed(reset);
    return new Siblings(own, this.#siblings(own));
  }

  #isDue(entry: IndexedReset): boolean {
    return !entry.isIdle || new Siblings(entry, this.#siblings(entry)).callForPass();
  }

  #siblings({ key, group }: IndexedReset): readonly IndexedReset[] {
    return this.#inGroup(group).filter((entry) => entry.key !== key);
  }

  #inGroup(group: string): readonly IndexedReset[] {
    return this.#groups.get(group) ?? [];
  }

  #leaveGroup(entry: IndexedReset): void {
    const others = this.#siblings(entry);
    if (others.length === 0) this.#groups.delete(entry.group);
    else this.#groups.set(entry.group, others);
  }
}
