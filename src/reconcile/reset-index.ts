/**
 * All objects that are watched, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import { type Call, callKey, callsInLastHour, isWithinHour } from '../domain/blast-radius.ts';
import { pastOperations } from '../domain/executed.ts';
import type { ServerCa } from '../domain/instance.ts';
import type { Claims } from '../domain/resolve.ts';
import type { InstanceRef, SslReset } from '../domain/ssl-reset.ts';
import type { Priority } from '../lib/priority.ts';
import type { ConditionSummary } from './condition-summary.ts';
import { type IndexedReset, indexed, keyOf, refOf } from './indexed-reset.ts';
import type { ObjectRef } from './ports.ts';
import { goesFirst, publishesInto, sharedNames } from './publications.ts';

export class ResetIndex {
  readonly #entries = new Map<string, IndexedReset>();
  /** Nearly all have one entry, for which a set takes three times as much as an array. */
  readonly #groups = new Map<string, readonly IndexedReset[]>();
  /** Keys of objects that have not begun, and whose namespace was seen to be allowed the instance. */
  readonly #admitted = new Set<string>();
  /** Calls that this process recorded and that no object may tell of yet. */
  readonly #ownCalls = new Map<string, Call>();

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
    return refsOf([...itself, ...this.#concernedBy(entry, before), ...this.#freedBy(before, entry)]);
  }

  #concernedBy(entry: IndexedReset, before: IndexedReset | undefined): readonly IndexedReset[] {
    const hasOtherCa = entry.ca !== undefined && entry.ca.fingerprint !== before?.ca?.fingerprint;
    const hasRead = entry.ca !== undefined && entry.ca.readMs !== before?.ca?.readMs;
    const hasReset = entry.resetMs !== undefined && entry.resetMs !== before?.resetMs;
    const lost = lostWith(entry, before);
    return this.#siblings(entry).filter((sibling) => {
      if (lost !== undefined && sibling.siblingCalls.includes(lost)) return true;
      if (hasOtherCa && !sibling.isIdle) return true;
      return (hasOtherCa || hasRead || hasReset) && outdates(entry, sibling);
    });
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
    const hasCalled = (uid: string): boolean => [...this.#ownCalls.values()].some((call) => call.uid === uid);
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
   * Whether another object of the instance has read another CA later, or has deleted the client certificates of this one
   * by a reset that it took no account of.
   */
  isOutdated(reset: SslReset): boolean {
    return this.#isOutdated(indexed(reset));
  }

  /**
   * The time for a read of the instance's CAs that begins now, RFC 3339: by this clock, and after every one that is known
   * of the instance, since the clocks of two processes need not agree.
   */
  timeOfRead(reset: SslReset, now: Date): string {
    const known = this.#inGroup(indexed(reset).group).map(({ ca }) => ca?.readMs ?? 0);
    return new Date(Math.max(now.getTime(), ...known.map((ms) => ms + 1))).toISOString();
  }

  /** Fingerprint of a CA made later than this one, which another object has read since this object read last. */
  newerCaOfOthers(reset: SslReset, ca: ServerCa | undefined): string | undefined {
    const own = indexed(reset);
    const madeMs = Date.parse(ca?.createTime ?? '');
    return this.#siblings(own).find(
      (one) =>
        one.ca !== undefined &&
        one.ca.fingerprint !== ca?.sha1Fingerprint &&
        one.ca.createTimeMs > madeMs &&
        (own.ca === undefined || laterRead(one.ca, own.ca) < 0),
    )?.ca?.fingerprint;
  }

  /** The newest time at which another object of the instance read its CA, RFC 3339; undefined: none is known. */
  lastReadOfOthers(reset: SslReset): string | undefined {
    const times = this.#siblings(indexed(reset)).flatMap(({ ca }) => ca?.readMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /** Those that carry a CA of the instance, and do not know yet that this object may call. */
  unawareSiblings(reset: SslReset): readonly ObjectRef[] {
    const { uid } = reset.metadata;
    return refsOf(
      this.#siblings(indexed(reset)).filter(
        ({ hasBegun, call, siblingCalls }) => hasBegun && call === 'None' && !siblingCalls.includes(uid),
      ),
    );
  }

  /** Uids of the others whose call is not seen to its end. */
  callingSiblings(reset: SslReset): readonly string[] {
    return this.#siblings(indexed(reset)).flatMap(({ uid, call }) => (call === 'Open' ? [uid] : []));
  }

  /** Uids of those that it knows to have called, and that nobody will hear of any more. */
  lostSiblings(reset: SslReset): readonly string[] {
    return this.#lostBy(indexed(reset));
  }

  /** RFC 3339; undefined: none is known. */
  lastResetOfOthers(reset: SslReset): string | undefined {
    const times = this.#siblings(indexed(reset)).flatMap(({ resetMs }) => resetMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /**
   * Whether a call of another object of the instance may still show up: a reset now would look like its trace. Of two
   * objects whose next attempt follows a call in doubt, one goes first. Nor is a first call made while another object's
   * client certificate may still show up; one that is in doubt already goes on, since that other one waits for it.
   */
  mustWaitForSibling(reset: SslReset): boolean {
    return this.siblingsToWaitFor(reset).length > 0;
  }

  /** Those of which `mustWaitForSibling` speaks. */
  siblingsToWaitFor(reset: SslReset): readonly IndexedReset[] {
    const own = indexed(reset);
    return this.#siblings(own).filter(({ doubt, isIssuing }) => {
      if (isIssuing && own.doubt === undefined) return true;
      if (doubt?.kind !== 'InDoubt' || own.doubt?.kind !== 'InDoubt') return doubt !== undefined;
      return doubt.order < own.doubt.order;
    });
  }

  /** Those whose call was accepted, and whose CA nobody has seen. */
  siblingsWithUnseenCa(reset: SslReset): readonly IndexedReset[] {
    return this.#siblings(indexed(reset)).filter(({ unseenCa }) => unseenCa !== undefined);
  }

  /** Whether an operation that is started now could be taken for a call of another object of the instance. */
  hasSiblingInDoubt(reset: SslReset): boolean {
    return this.siblingsInDoubt(reset).length > 0;
  }

  /** Those of which `hasSiblingInDoubt` speaks. */
  siblingsInDoubt(reset: SslReset): readonly IndexedReset[] {
    return this.#siblings(indexed(reset)).filter(({ doubt }) => doubt !== undefined);
  }

  /** Those that are finding out what became of a call. */
  unresolvedSiblings(reset: SslReset): readonly IndexedReset[] {
    return this.siblingsInDoubt(reset).filter(({ doubt }) => doubt?.kind === 'Unresolved');
  }

  /**
   * What the other objects of the instance hold as theirs, and the object itself as of its client certificates and of its
   * requests that are over.
   */
  claims(reset: SslReset): Claims {
    const own = indexed(reset);
    const siblings = this.#siblings(own);
    const certificates = [own, ...siblings].flatMap(({ certificateOperations }) => certificateOperations);
    const past = pastOperations(reset.status);
    const resets = siblings.flatMap(({ operations }) => operations.all);
    const answered = siblings.flatMap(({ operations }) => operations.answered);
    return {
      resets: new Set(resets),
      all: new Set([...resets, ...past.all, ...certificates]),
      answered: new Set([...answered, ...past.answered, ...certificates]),
    };
  }

  /** Calls of the last hour that were or may have been executed. */
  recentCalls(now: Date): number {
    for (const [id, call] of this.#ownCalls) {
      if (!isWithinHour(call, now)) this.#ownCalls.delete(id);
    }
    return callsInLastHour([...this.#ownCalls.values(), ...this.#recordedCalls()], now);
  }

  noteCall(call: Call): void {
    this.#ownCalls.set(callKey(call), call);
  }

  /** The call is known not to have been executed. */
  forgetCall(call: Call): void {
    this.#ownCalls.delete(callKey(call));
  }

  *#recordedCalls(): Iterable<Call> {
    for (const { uid, callTimes } of this.#entries.values()) {
      for (const timeMs of callTimes) yield { uid, timeMs };
    }
  }

  #isDue(entry: IndexedReset): boolean {
    return !entry.isIdle || this.#isOutdated(entry) || this.#lostBy(entry).length > 0;
  }

  #lostBy(entry: IndexedReset): readonly string[] {
    if (entry.siblingCalls.length === 0) return entry.siblingCalls;
    const heard = new Set(this.#siblings(entry).flatMap(({ uid, call }) => (call === 'Abandoned' ? [] : [uid])));
    return entry.siblingCalls.filter((uid) => !heard.has(uid));
  }

  #isOutdated(entry: IndexedReset): boolean {
    return this.#siblings(entry).some((sibling) => outdates(sibling, entry));
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

const refsOf = (entries: Iterable<IndexedReset>): readonly ObjectRef[] => Array.from(entries, ({ key }) => refOf(key));

/** Uid of an object of which nobody will hear any more, where that is new. */
function lostWith(entry: IndexedReset, before: IndexedReset | undefined): string | undefined {
  if (before !== undefined && before.uid !== entry.uid) return before.uid;
  return entry.call === 'Abandoned' && before?.call !== 'Abandoned' ? entry.uid : undefined;
}

/** Who led before may have begun something without an end: then the status alone tells, not the trigger. */
function asksForPass(before: IndexedReset, { uid, trigger, hasRequest, isIdle }: IndexedReset): boolean {
  const isWiped = before.hasRequest && !hasRequest;
  return before.uid !== uid || before.trigger !== trigger || isWiped || (before.isIdle && !isIdle);
}

const outdates = (sibling: IndexedReset, own: IndexedReset): boolean =>
  hasOtherCa(sibling, own) || hasLaterReset(sibling, own);

/** Read later: a CA made later may have been taken back since. */
const hasOtherCa = ({ ca }: IndexedReset, own: IndexedReset): boolean =>
  ca !== undefined &&
  own.ca !== undefined &&
  ca.fingerprint !== own.ca.fingerprint &&
  laterRead(ca, own.ca) < 0 &&
  ca.readMs > (own.followedMs ?? -1);

/** For a sort that begins with what was read last. Where that is not told, the CA that was made last was. */
const laterRead = (a: IndexedReset['ca'], b: IndexedReset['ca']): number =>
  (b?.readMs ?? 0) - (a?.readMs ?? 0) || (b?.createTimeMs ?? 0) - (a?.createTimeMs ?? 0);

const hasLaterReset = ({ resetMs }: IndexedReset, { seenResetMs }: IndexedReset): boolean =>
  resetMs !== undefined && seenResetMs !== undefined && resetMs > seenResetMs;
