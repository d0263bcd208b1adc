/**
 * All objects that are watched, of every kind, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import type { InstanceRef } from '../domain/instance.ts';
import { type Key, kindOf, namespaceOf, refOf } from '../lib/key.ts';
import { onceFor } from '../lib/once-for.ts';
import type { Priority } from '../lib/priority.ts';
import { ByInstance } from './by-instance.ts';
import type { ConditionSummary } from './condition-summary.ts';
import { type DepartedCall, DepartedCalls } from './departed-calls.ts';
import { type Follower, type IndexedObject, isOlder } from './indexed-object.ts';
import { LeftRotations } from './left-rotations.ts';
import { asksForPass, concernedBy, concernedByEnd } from './news.ts';
import type { ObjectRef } from './ports.ts';
import { PublishedNames } from './published-names.ts';
import { RecentCalls } from './recent-calls.ts';
import { Siblings } from './siblings.ts';

const keysOf = (entries: readonly IndexedObject[]): readonly Key[] => entries.map(({ key }) => key);

export class ObjectIndex<T extends object> {
  readonly #entries = new Map<Key, IndexedObject>();
  readonly #byInstance = new ByInstance();
  /** Keys of objects that have not begun, and whose namespace was seen to be allowed the instance. */
  readonly #admitted = new Set<Key>();
  /** Resets of the last hour. */
  readonly calls = new RecentCalls(this.#entries, ({ follows }) => follows === undefined);
  /** Server CAs that were added in the last hour, by objects that follow their instance. */
  readonly additions = new RecentCalls(this.#entries, ({ follows }) => follows !== undefined);
  readonly names = new PublishedNames(this.#entries, this.calls);
  readonly departed = new DepartedCalls();
  readonly leftRotations = new LeftRotations();
  readonly #indexed: (object: T) => IndexedObject;
  /** Of objects as passes have read them: each pass asks a dozen times. */
  readonly #entryOf: (object: T) => IndexedObject;

  /** @param indexed of an object of whatever kind */
  constructor(indexed: (object: T) => IndexedObject) {
    this.#indexed = indexed;
    this.#entryOf = onceFor(indexed);
  }

  /** Takes in an object as it is now, and answers which objects need a pass because of what is new in it. */
  apply(object: T): readonly Key[] {
    return this.take(this.#indexed(object));
  }

  /**
   * The same, of an object as an own write has left it: the watch may have shown that it is gone. Then nothing of it is
   * kept: it would hold up the others of its instance.
   */
  applyOwnWrite(object: T): readonly Key[] {
    const entry = this.#indexed(object);
    return this.#entries.has(entry.key) ? this.take(entry) : [];
  }

  /**
   * The same, of an object of which just the record is there. The watch and the answers to own writes overtake each other:
   * an older version takes nothing back.
   */
  take(entry: IndexedObject): readonly Key[] {
    const before = this.#entries.get(entry.key);
    return before !== undefined && isOlder(entry, before) ? [] : this.#put(entry, before);
  }

  #put(entry: IndexedObject, before = this.#entries.get(entry.key)): readonly Key[] {
    if (before !== undefined) this.#byInstance.remove(before);
    if (before !== undefined && before.uid !== entry.uid) this.departed.note(before);
    this.#entries.set(entry.key, entry);
    this.#byInstance.add(entry);
    const hasNews = before === undefined ? this.#isDue(entry) : asksForPass(before, entry);
    const itself = hasNews ? [entry] : [];
    return keysOf([
      ...itself,
      ...concernedBy(entry, before, this.#byInstance.beside(entry)),
      ...this.names.freedBy(before, entry),
    ]);
  }

  /** The object is gone. Answers whom that concerns. */
  remove(key: Key): readonly Key[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    this.#byInstance.remove(entry);
    this.departed.note(entry);
    this.#entries.delete(key);
    this.#admitted.delete(key);
    const itself = this.leftRotations.note(entry) ? [entry] : [];
    const concerned = concernedByEnd(entry, this.#byInstance.beside(entry));
    return keysOf([...itself, ...concerned, ...this.names.freedBy(entry, undefined)]);
  }

  /**
   * The full set of a kind, in a namespace or in the cluster: whatever of it is not in there is gone. A list is never older
   * than what was written before it, and after a restore of the cluster all versions are.
   */
  replace(kind: string, entries: readonly IndexedObject[], namespace?: string): readonly Key[] {
    const present = new Set(entries.map(({ key }) => key));
    const isGone = (key: Key): boolean =>
      !present.has(key) && kindOf(key) === kind && (namespace === undefined || namespaceOf(key) === namespace);
    const left = [...this.#entries.keys()].filter(isGone).flatMap((key) => this.remove(key));
    return [...left, ...entries.flatMap((entry) => this.#put(entry))];
  }

  /**
   * The group of a key, in which one pass runs at a time: its instance. An object with siblings that has not begun is in
   * none until its namespace is seen to be allowed the instance: so far it only asks for that, and holds up nobody. Nor is
   * one in any that follows the instance, but while it makes a call: its looks wait behind everything else, and no reset may wait with them.
   */
  groupOf(key: Key): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.follows !== undefined) return entry.follows.rotating?.isCalling === true ? entry.group : undefined;
    return this.#isExclusive(entry) ? entry.group : undefined;
  }

  /** Whether no pass works on a sibling while one works on the object. */
  isExclusive(object: T): boolean {
    return this.#isExclusive(this.#entryOf(object));
  }

  /** Its namespace is allowed the instance: from the next pass on it is exclusive. */
  admit(object: T): void {
    this.#admitted.add(this.#entryOf(object).key);
  }

  dismiss(object: T): void {
    this.#admitted.delete(this.#entryOf(object).key);
  }

  #isExclusive(entry: IndexedObject): boolean {
    const { hasBegun, isIssuing, key } = entry;
    const isAlone = this.#byInstance.beside(entry).every(({ follows }) => follows !== undefined);
    return hasBegun || isIssuing || this.#admitted.has(key) || isAlone;
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

  /** How the rotation stands of each object that may rotate. */
  *rotations(): Iterable<ObjectRef & Pick<Follower, 'phase' | 'dueMs' | 'waitsFor'>> {
    for (const { key, follows } of this.#entries.values()) {
      if (follows === undefined) continue;
      const { phase, dueMs, waitsFor } = follows;
      if (phase !== undefined || waitsFor !== undefined) yield { ...refOf(key), phase, dueMs, waitsFor };
    }
  }

  /** When the server CA of each instance expires, as the object knows it that read it last. */
  caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }> {
    return this.#byInstance.caExpiries();
  }

  /**
   * The time for a read of the instance's CAs that begins now, RFC 3339: by this clock, and after every one that is known
   * of the instance, since the clocks of two processes need not agree.
   */
  timeOfRead(object: T, now: Date): string {
    const known = this.#byInstance.of(this.#entryOf(object).group).map(({ ca }) => ca?.readMs ?? 0);
    return new Date(Math.max(now.getTime(), ...known.map((ms) => ms + 1))).toISOString();
  }

  /** Calls of this instance that this process saw begun, and whose objects are gone. */
  departedCalls(object: T): readonly DepartedCall[] {
    return this.departed.of(this.#entryOf(object).group);
  }

  /** The others of its instance, as they matter to the object. */
  siblingsOf(object: T): Siblings {
    const own = this.#entryOf(object);
    return new Siblings(own, this.#byInstance.beside(own));
  }

  /** How many instances of each project are followed. */
  followed(): ReadonlyMap<string, number> {
    return this.#byInstance.followed();
  }

  #isDue(entry: IndexedObject): boolean {
    if (!entry.isIdle || entry.follows !== undefined) return true;
    const siblings = new Siblings(entry, this.#byInstance.beside(entry));
    return siblings.makeOutdated() || siblings.rotations.haveLeftCas() || siblings.lost().length > 0;
  }
}
