/**
 * All objects that are watched, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import { type Call, callKey, callsInLastHour, isWithinHour } from '../domain/blast-radius.ts';
import { pastOperations } from '../domain/executed.ts';
import type { ServerCa } from '../domain/instance.ts';
import type { Claims } from '../domain/resolve.ts';
import type { InstanceRef, SslReset } from '../domain/ssl-reset.ts';
import { keyOf, type Member, memberOf, refOf } from './member.ts';
import type { ObjectRef } from './ports.ts';
import { goesFirst, publishesInto, sharedNames } from './publications.ts';
import type { Standing } from './standing.ts';

export class Fleet {
  readonly #members = new Map<string, Member>();
  /** Nearly all have one member, for which a set takes three times as much as an array. */
  readonly #lanes = new Map<string, readonly Member[]>();
  /** Keys of objects that have not begun, and whose namespace was seen to be allowed the instance. */
  readonly #admitted = new Set<string>();
  /** Calls that this process recorded and that no object may tell of yet. */
  readonly #ownCalls = new Map<string, Call>();

  /** Takes in an object as it is now, and answers which objects need a pass because of what is new in it. */
  apply(reset: SslReset): readonly ObjectRef[] {
    return this.take(memberOf(reset));
  }

  /**
   * The same, of an object as an own write has left it: the watch may have shown a later version of it already, or that
   * it is gone. Then nothing of it is kept: it would hold up the others of its instance.
   */
  wrote(reset: SslReset): readonly ObjectRef[] {
    const member = memberOf(reset);
    const before = this.#members.get(member.key);
    const isOld = before === undefined || (before.uid === member.uid && before.version > member.version);
    return isOld ? [] : this.take(member);
  }

  /** The same, of an object of which just the record is there. */
  take(member: Member): readonly ObjectRef[] {
    const before = this.#members.get(member.key);
    if (before !== undefined) this.#leaveLane(before);
    this.#members.set(member.key, member);
    this.#lanes.set(member.lane, this.#inLane(member.lane).concat(member));
    const hasNews = before === undefined ? this.#isDue(member) : asksForPass(before, member);
    const itself = hasNews ? [member] : [];
    return refsOf([...itself, ...this.#concernedBy(member, before), ...this.#freedBy(before, member)]);
  }

  #concernedBy(member: Member, before: Member | undefined): readonly Member[] {
    const hasOtherCa = member.ca !== undefined && member.ca.fingerprint !== before?.ca?.fingerprint;
    const hasRead = member.ca !== undefined && member.ca.readMs !== before?.ca?.readMs;
    const hasReset = member.resetMs !== undefined && member.resetMs !== before?.resetMs;
    const lost = lostWith(member, before);
    return this.#siblings(member).filter((sibling) => {
      if (lost !== undefined && sibling.siblingCalls.includes(lost)) return true;
      if (hasOtherCa && !sibling.isIdle) return true;
      return (hasOtherCa || hasRead || hasReset) && outdates(member, sibling);
    });
  }

  /** The object is gone. Answers whom that concerns. */
  remove(key: string): readonly ObjectRef[] {
    const member = this.#members.get(key);
    if (member === undefined) return [];
    this.#leaveLane(member);
    this.#members.delete(key);
    this.#admitted.delete(key);
    const called = this.#siblings(member).filter(({ siblingCalls }) => siblingCalls.includes(member.uid));
    return refsOf([...called, ...this.#freedBy(member, undefined)]);
  }

  /** The full set of a namespace, or of the cluster: whatever is not in it is gone. */
  replace(members: readonly Member[], namespace?: string): readonly ObjectRef[] {
    const present = new Set(members.map(({ key }) => key));
    const isGone = (key: string): boolean =>
      (namespace === undefined || refOf(key).namespace === namespace) && !present.has(key);
    const left = [...this.#members.keys()].filter(isGone).flatMap((key) => this.remove(key));
    return [...left, ...members.flatMap((member) => this.take(member))];
  }

  /** The name of the object that goes before that one in publishing into `object`, as `Secret/name`. */
  rivalOf(ref: ObjectRef, object: string): string | undefined {
    const key = keyOf(ref);
    const own = this.#members.get(key);
    const hasCalled = (uid: string): boolean => [...this.#ownCalls.values()].some((call) => call.uid === uid);
    const rival = this.#neighbours(key).find((other) => goesFirst(other, own, { name: object, hasCalled }));
    return rival && refOf(rival.key).name;
  }

  /** Whether an object of that name is there and publishes into `object`, as `Secret/name`. */
  isPublisher(ref: ObjectRef, object: string): boolean {
    const member = this.#members.get(keyOf(ref));
    return member !== undefined && publishesInto(member, object);
  }

  /** Those that may have a name now which `before` kept from them. */
  #freedBy(before: Member | undefined, after: Member | undefined): readonly Member[] {
    if (before?.publishes === undefined || before.publishes === after?.publishes) return [];
    return this.#neighbours(before.key).filter((one) => sharedNames(before, one).length > 0);
  }

  /** The others of the namespace that publish. Looked through and not indexed: it is asked seldom, and all are held. */
  #neighbours(key: string): readonly Member[] {
    const prefix = `${refOf(key).namespace}/`;
    return [...this.#members.values()].filter(
      (one) => one.publishes !== undefined && one.key !== key && one.key.startsWith(prefix),
    );
  }

  /**
   * One pass at a time for each instance: the lane of an object's key. Where there are several objects, one that has not
   * begun is not in it before its namespace is seen to be allowed the instance: until then it only asks for that, and
   * holds up nobody.
   */
  laneOf(key: string): string | undefined {
    const member = this.#members.get(key);
    return member !== undefined && this.#standsInLane(member) ? member.lane : undefined;
  }

  /** Whether the object has the lane of its instance while a pass works on it. */
  standsInLane(reset: SslReset): boolean {
    return this.#standsInLane(memberOf(reset));
  }

  /** Its namespace is allowed the instance: from the next pass on it stands in the lane. */
  admit({ metadata }: SslReset): void {
    this.#admitted.add(keyOf(metadata));
  }

  dismiss({ metadata }: SslReset): void {
    this.#admitted.delete(keyOf(metadata));
  }

  #standsInLane(member: Member): boolean {
    const hasBegun = member.isUnderWay || member.isIssuing;
    return hasBegun || this.#admitted.has(member.key) || this.#siblings(member).length === 0;
  }

  /** Whether something was begun for the object of a key that is not at its end. */
  isUnderWay(key: string): boolean {
    const member = this.#members.get(key);
    return member?.isUnderWay === true && !member.isIdle;
  }

  /** Those for which something may be to do. */
  get due(): readonly ObjectRef[] {
    return refsOf([...this.#members.values()].filter((member) => this.#isDue(member)));
  }

  /** How each object stands. */
  *standings(): Iterable<ObjectRef & Standing> {
    for (const { key, standing } of this.#members.values()) yield { ...refOf(key), ...standing };
  }

  /** When the server CA of each instance expires, as the object knows it that read it last. */
  *caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }> {
    for (const [lane, members] of this.#lanes) {
      const newest = members
        .toSorted((a, b) => laterRead(a.ca, b.ca))
        .find(({ caExpiryMs }) => caExpiryMs !== undefined);
      const [project = '', instance = ''] = lane.split('/');
      if (newest?.caExpiryMs !== undefined) yield { project, instance, expiryMs: newest.caExpiryMs };
    }
  }

  /**
   * Whether another object of the instance has read another CA later, or has deleted the client certificates of this one
   * by a reset that it took no account of.
   */
  isOutdated(reset: SslReset): boolean {
    return this.#isOutdated(memberOf(reset));
  }

  /**
   * The time for a read of the instance's CAs that begins now, RFC 3339: by this clock, and after every one that is known
   * of the instance, since the clocks of two processes need not agree.
   */
  timeOfRead(reset: SslReset, now: Date): string {
    const known = this.#inLane(memberOf(reset).lane).map(({ ca }) => ca?.readMs ?? 0);
    return new Date(Math.max(now.getTime(), ...known.map((ms) => ms + 1))).toISOString();
  }

  /** Fingerprint of a CA made later than this one, which another object has read since this object read last. */
  newerCaOfOthers(reset: SslReset, ca: ServerCa | undefined): string | undefined {
    const own = memberOf(reset);
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
    const times = this.#siblings(memberOf(reset)).flatMap(({ ca }) => ca?.readMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /** Those that carry a CA of the instance, and do not know yet that this object may call. */
  unawareSiblings(reset: SslReset): readonly ObjectRef[] {
    const { uid } = reset.metadata;
    return refsOf(
      this.#siblings(memberOf(reset)).filter(
        ({ isUnderWay, call, siblingCalls }) => isUnderWay && call === 'None' && !siblingCalls.includes(uid),
      ),
    );
  }

  /** Uids of the others whose call is not seen to its end. */
  callingSiblings(reset: SslReset): readonly string[] {
    return this.#siblings(memberOf(reset)).flatMap(({ uid, call }) => (call === 'Open' ? [uid] : []));
  }

  /** Uids of those that it knows to have called, and that nobody will hear of any more. */
  lostSiblings(reset: SslReset): readonly string[] {
    return this.#lostBy(memberOf(reset));
  }

  /** RFC 3339; undefined: none is known. */
  lastResetOfOthers(reset: SslReset): string | undefined {
    const times = this.#siblings(memberOf(reset)).flatMap(({ resetMs }) => resetMs ?? []);
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
  siblingsToWaitFor(reset: SslReset): readonly Member[] {
    const own = memberOf(reset);
    return this.#siblings(own).filter(({ doubt, isIssuing }) => {
      if (isIssuing && own.doubt === undefined) return true;
      if (doubt?.kind !== 'InDoubt' || own.doubt?.kind !== 'InDoubt') return doubt !== undefined;
      return doubt.order < own.doubt.order;
    });
  }

  /** Those whose call was accepted, and whose CA nobody has seen. */
  siblingsWithUnseenCa(reset: SslReset): readonly Member[] {
    return this.#siblings(memberOf(reset)).filter(({ unseenCa }) => unseenCa !== undefined);
  }

  /** Whether an operation that is started now could be taken for a call of another object of the instance. */
  hasSiblingInDoubt(reset: SslReset): boolean {
    return this.siblingsInDoubt(reset).length > 0;
  }

  /** Those of which `hasSiblingInDoubt` speaks. */
  siblingsInDoubt(reset: SslReset): readonly Member[] {
    return this.#siblings(memberOf(reset)).filter(({ doubt }) => doubt !== undefined);
  }

  /** Those that are finding out what became of a call. */
  unresolvedSiblings(reset: SslReset): readonly Member[] {
    return this.siblingsInDoubt(reset).filter(({ doubt }) => doubt?.kind === 'Unresolved');
  }

  /**
   * What the other objects of the instance hold as theirs, and the object itself as of its client certificates and of its
   * requests that are over.
   */
  claims(reset: SslReset): Claims {
    const own = memberOf(reset);
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
    for (const { uid, callTimes } of this.#members.values()) {
      for (const timeMs of callTimes) yield { uid, timeMs };
    }
  }

  #isDue(member: Member): boolean {
    return !member.isIdle || this.#isOutdated(member) || this.#lostBy(member).length > 0;
  }

  #lostBy(member: Member): readonly string[] {
    if (member.siblingCalls.length === 0) return member.siblingCalls;
    const heard = new Set(this.#siblings(member).flatMap(({ uid, call }) => (call === 'Abandoned' ? [] : [uid])));
    return member.siblingCalls.filter((uid) => !heard.has(uid));
  }

  #isOutdated(member: Member): boolean {
    return this.#siblings(member).some((sibling) => outdates(sibling, member));
  }

  #siblings({ key, lane }: Member): readonly Member[] {
    return this.#inLane(lane).filter((member) => member.key !== key);
  }

  #inLane(lane: string): readonly Member[] {
    return this.#lanes.get(lane) ?? [];
  }

  #leaveLane(member: Member): void {
    const others = this.#siblings(member);
    if (others.length === 0) this.#lanes.delete(member.lane);
    else this.#lanes.set(member.lane, others);
  }
}

const refsOf = (members: Iterable<Member>): readonly ObjectRef[] => Array.from(members, ({ key }) => refOf(key));

/** Uid of an object of which nobody will hear any more, where that is new. */
function lostWith(member: Member, before: Member | undefined): string | undefined {
  if (before !== undefined && before.uid !== member.uid) return before.uid;
  return member.call === 'Abandoned' && before?.call !== 'Abandoned' ? member.uid : undefined;
}

/** Who led before may have begun something without an end: then the status alone tells, not the trigger. */
function asksForPass(before: Member, { uid, trigger, hasRequest, isIdle }: Member): boolean {
  const isWiped = before.hasRequest && !hasRequest;
  return before.uid !== uid || before.trigger !== trigger || isWiped || (before.isIdle && !isIdle);
}

const outdates = (sibling: Member, own: Member): boolean => hasOtherCa(sibling, own) || hasLaterReset(sibling, own);

/** Read later: a CA made later may have been taken back since. */
const hasOtherCa = ({ ca }: Member, own: Member): boolean =>
  ca !== undefined &&
  own.ca !== undefined &&
  ca.fingerprint !== own.ca.fingerprint &&
  laterRead(ca, own.ca) < 0 &&
  ca.readMs > (own.followedMs ?? -1);

/** For a sort that begins with what was read last. Where that is not told, the CA that was made last was. */
const laterRead = (a: Member['ca'], b: Member['ca']): number =>
  (b?.readMs ?? 0) - (a?.readMs ?? 0) || (b?.createTimeMs ?? 0) - (a?.createTimeMs ?? 0);

const hasLaterReset = ({ resetMs }: Member, { seenResetMs }: Member): boolean =>
  resetMs !== undefined && seenResetMs !== undefined && resetMs > seenResetMs;
