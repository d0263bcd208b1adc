/**
 * All objects that are watched, as a small record each: what one pass must know of the other objects, and which of them
 * an event concerns. The objects themselves are never kept.
 */
import { type Call, callOf, callsInLastHour, isWithinHour, recordedCalls } from '../domain/blast-radius.ts';
import { openIssue } from '../domain/client-certificate.ts';
import { decide } from '../domain/decide.ts';
import { isSettled, isStalled, isUnresolved } from '../domain/request.ts';
import type { Claims } from '../domain/resolve.ts';
import type { SslReset, Status } from '../domain/ssl-reset.ts';
import { annotations, type InstanceRef, instanceKey, isSuspended } from '../domain/ssl-reset.ts';
import type { ObjectRef } from './ports.ts';
import { type Standing, standingOf } from './standing.ts';

/** What is kept of an object. */
export interface Member {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly lane: string;
  /** Changes exactly when a pass may have something new to do: not by our own status writes. */
  readonly trigger: string;
  /** The operator never takes it away: where it is gone, somebody has wiped the status. */
  readonly hasRequest: boolean;
  /** There is nothing to do for it, unless another object of the instance has done something. */
  readonly isIdle: boolean;
  /** A call was made for its request, or none is needed. */
  readonly isUnderWay: boolean;
  readonly ca: { readonly fingerprint: string; readonly createTimeMs: number } | undefined;
  /** When its reset ended; undefined: it is not known to have had one. */
  readonly resetMs: number | undefined;
  /** The end of the newest reset of another object that its client certificates took account of; undefined: it has none. */
  readonly seenResetMs: number | undefined;
  readonly doubt: Doubt | undefined;
  /** A client certificate is being issued, or its issue found out: whatever that starts looks like a reset in doubt. */
  readonly isIssuing: boolean;
  readonly operation: string | undefined;
  /** Operations of its client certificates. */
  readonly certificateOperations: readonly string[];
  /** An answer told that the operation is its own; one found after a lost answer may as well be another object's. */
  readonly isAnswered: boolean;
  readonly calls: readonly Call[];
  readonly standing: Standing;
  /** Of the active server CA as it was read last. */
  readonly caExpiryMs: number | undefined;
}

/** A call of the object may still show up. */
type Doubt =
  /** Its outcome is being found out. */
  | { readonly kind: 'Unresolved' }
  /** It left no trace, and another attempt is about to follow. `order` is one among all objects. */
  | { readonly kind: 'InDoubt'; readonly order: string };

export const keyOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

/** A key back to what it names; neither part can hold a slash. */
export function refOf(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

export class Fleet {
  readonly #members = new Map<string, Member>();
  readonly #lanes = new Map<string, Set<string>>();
  /** Calls that this process recorded and that no object may tell of yet. */
  readonly #ownCalls = new Map<string, Call>();

  /** Takes in an object as it is now, and answers which objects need a pass because of what is new in it. */
  apply(reset: SslReset): readonly ObjectRef[] {
    return this.take(memberOf(reset));
  }

  /** The same, of an object of which just the record is there. */
  take(member: Member): readonly ObjectRef[] {
    const key = keyOf(member.ref);
    const before = this.#members.get(key);
    if (before !== undefined && before.lane !== member.lane) this.#leaveLane(key, before.lane);
    this.#members.set(key, member);
    this.#laneOf(member.lane).add(key);
    const hasNews = before === undefined ? this.#isDue(member) : asksForPass(before, member);
    const itself = hasNews ? [member.ref] : [];
    const hasOtherCa = member.ca !== undefined && member.ca.fingerprint !== before?.ca?.fingerprint;
    const hasReset = member.resetMs !== undefined && member.resetMs !== before?.resetMs;
    const concerned = this.#siblings(member).filter(
      (sibling) =>
        (hasOtherCa || (hasReset && sibling.seenResetMs !== undefined)) &&
        (!sibling.isIdle || outdates(member, sibling)),
    );
    return [...itself, ...concerned.map(({ ref }) => ref)];
  }

  remove(ref: ObjectRef): void {
    const key = keyOf(ref);
    const member = this.#members.get(key);
    if (member !== undefined) this.#leaveLane(key, member.lane);
    this.#members.delete(key);
  }

  /** The full set of a namespace, or of the cluster: whatever is not in it is gone. */
  replace(members: readonly Member[], namespace?: string): readonly ObjectRef[] {
    const present = new Set(members.map(({ ref }) => keyOf(ref)));
    for (const { ref } of [...this.#members.values()]) {
      const isInScope = namespace === undefined || ref.namespace === namespace;
      if (isInScope && !present.has(keyOf(ref))) this.remove(ref);
    }
    return members.flatMap((member) => this.take(member));
  }

  /** One pass at a time for each instance: the lane of an object's key. */
  laneOf(key: string): string | undefined {
    return this.#members.get(key)?.lane;
  }

  /** Whether something was begun for the object of a key that is not at its end. */
  isUnderWay(key: string): boolean {
    const member = this.#members.get(key);
    return member?.isUnderWay === true && !member.isIdle;
  }

  get refs(): readonly ObjectRef[] {
    return [...this.#members.values()].map(({ ref }) => ref);
  }

  /** Those for which something may be to do. */
  get due(): readonly ObjectRef[] {
    return [...this.#members.values()].filter((member) => this.#isDue(member)).map(({ ref }) => ref);
  }

  /** How each object stands. */
  *standings(): Iterable<ObjectRef & Standing> {
    for (const { ref, standing } of this.#members.values()) yield { ...ref, ...standing };
  }

  /** When the server CA of each instance expires, as its object with the newest CA knows it. */
  *caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }> {
    for (const [lane, keys] of this.#lanes) {
      const newest = [...keys]
        .flatMap((key) => this.#members.get(key) ?? [])
        .toSorted((a, b) => (b.ca?.createTimeMs ?? 0) - (a.ca?.createTimeMs ?? 0))
        .find(({ caExpiryMs }) => caExpiryMs !== undefined);
      const [project = '', instance = ''] = lane.split('/');
      if (newest?.caExpiryMs !== undefined) yield { project, instance, expiryMs: newest.caExpiryMs };
    }
  }

  /**
   * Whether another object of the instance has recorded a CA that was made later, or has deleted the client certificates
   * of this one by a reset that it took no account of. All times are Google's.
   */
  isOutdated(reset: SslReset): boolean {
    return this.#isOutdated(memberOf(reset));
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
    const own = memberOf(reset);
    return this.#siblings(own).some(({ doubt, isIssuing }) => {
      if (isIssuing && own.doubt === undefined) return true;
      if (doubt?.kind !== 'InDoubt' || own.doubt?.kind !== 'InDoubt') return doubt !== undefined;
      return doubt.order < own.doubt.order;
    });
  }

  /** Whether an operation that is started now could be taken for a call of another object of the instance. */
  hasSiblingInDoubt(reset: SslReset): boolean {
    return this.#siblings(memberOf(reset)).some(({ doubt }) => doubt !== undefined);
  }

  /** What the other objects of the instance hold as theirs. */
  claims(reset: SslReset): Claims {
    const siblings = this.#siblings(memberOf(reset));
    const resetsOf = (members: readonly Member[]) => members.flatMap(({ operation }) => operation ?? []);
    const certificates = siblings.flatMap(({ certificateOperations }) => certificateOperations);
    const answered = resetsOf(siblings.filter(({ isAnswered }) => isAnswered));
    const resets = resetsOf(siblings);
    return {
      resets: new Set(resets),
      all: new Set([...resets, ...certificates]),
      answered: new Set([...answered, ...certificates]),
    };
  }

  /** Calls of the last hour that were or may have been executed. */
  recentCalls(now: Date): number {
    for (const [id, call] of this.#ownCalls) {
      if (!isWithinHour(call, now)) this.#ownCalls.delete(id);
    }
    return callsInLastHour(
      [...this.#ownCalls.values(), ...[...this.#members.values()].flatMap(({ calls }) => calls)],
      now,
    );
  }

  noteCall(uid: string, time: string): void {
    const call = callOf(uid, time);
    this.#ownCalls.set(call.id, call);
  }

  /** The call is known not to have been executed. */
  forgetCall(uid: string, time: string): void {
    this.#ownCalls.delete(callOf(uid, time).id);
  }

  #isDue(member: Member): boolean {
    return !member.isIdle || this.#isOutdated(member);
  }

  #isOutdated(member: Member): boolean {
    return this.#siblings(member).some((sibling) => outdates(sibling, member));
  }

  #siblings({ ref, lane }: Member): readonly Member[] {
    const own = keyOf(ref);
    const keys = [...(this.#lanes.get(lane) ?? [])].filter((key) => key !== own);
    return keys.flatMap((key) => this.#members.get(key) ?? []);
  }

  #laneOf(lane: string): Set<string> {
    const keys = this.#lanes.get(lane) ?? new Set<string>();
    this.#lanes.set(lane, keys);
    return keys;
  }

  #leaveLane(key: string, lane: string): void {
    const keys = this.#lanes.get(lane);
    keys?.delete(key);
    if (keys?.size === 0) this.#lanes.delete(lane);
  }
}

/** Who led before may have begun something without an end: then the status alone tells, not the trigger. */
function asksForPass(before: Member, { trigger, hasRequest, isIdle }: Member): boolean {
  const isWiped = before.hasRequest && !hasRequest;
  return before.trigger !== trigger || isWiped || (before.isIdle && !isIdle);
}

const outdates = (sibling: Member, own: Member): boolean => hasNewerCa(sibling, own) || hasLaterReset(sibling, own);

const hasNewerCa = ({ ca }: Member, own: Member): boolean =>
  ca !== undefined &&
  own.ca !== undefined &&
  ca.fingerprint !== own.ca.fingerprint &&
  ca.createTimeMs > own.ca.createTimeMs;

const hasLaterReset = ({ resetMs }: Member, { seenResetMs }: Member): boolean =>
  resetMs !== undefined && seenResetMs !== undefined && resetMs > seenResetMs;

/** Without a clock nothing counts as past its deadline: whatever hangs on that is looked at. */
const isIdle = (reset: SslReset): boolean => decide(reset, { now: new Date(0), isOutdated: false }).kind === 'Nothing';

export function memberOf(reset: SslReset): Member {
  const { metadata, spec, status } = reset;
  const { sha1Fingerprint: fingerprint, createTime, expirationTime } = status.serverCa ?? {};
  return {
    ref: { namespace: metadata.namespace, name: metadata.name },
    uid: metadata.uid,
    lane: instanceKey(spec),
    trigger: triggerOf(reset),
    hasRequest: status.request !== undefined,
    isIdle: isIdle(reset),
    isUnderWay: isUnresolved(status.request) || isSettled(status.request),
    ca:
      fingerprint === undefined || createTime === undefined
        ? undefined
        : { fingerprint, createTimeMs: Date.parse(createTime) },
    resetMs: resetMsOf(status),
    seenResetMs: status.request?.issuedTime === undefined ? undefined : (timeOf(status.request.otherResetTime) ?? 0),
    doubt: doubtOf(reset),
    isIssuing: openIssue(reset) !== undefined && metadata.deletionTimestamp === undefined && !isStalled(reset),
    operation: status.operation?.name,
    certificateOperations: status.request?.certificateOperations ?? [],
    isAnswered: status.request?.inDoubt !== true,
    calls: recordedCalls(reset),
    standing: standingOf(reset),
    caExpiryMs: timeOf(expirationTime),
  };
}

function resetMsOf({ request, operation }: Status): number | undefined {
  const isReset = request?.outcome === 'Accepted' && request.doneTime !== undefined && operation?.error === undefined;
  return isReset ? timeOf(operation?.endTime ?? operation?.startTime ?? operation?.insertTime) : undefined;
}

function timeOf(text = ''): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function doubtOf(reset: SslReset): Doubt | undefined {
  const { metadata, status } = reset;
  const { request } = status;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  if (isUnresolved(request)) return { kind: 'Unresolved' };
  // Whoever waits for a person holds nobody up.
  const isHeld = isSettled(request) || isStalled(reset) || isSuspended(reset);
  if (request?.inDoubt !== true || isHeld) return undefined;
  return { kind: 'InDoubt', order: `${request.time ?? ''}/${metadata.uid}` };
}

const triggerOf = ({ metadata }: SslReset): string =>
  JSON.stringify([
    metadata.uid,
    metadata.generation,
    metadata.annotations[annotations.suspend],
    metadata.annotations[annotations.retry],
    metadata.deletionTimestamp !== undefined,
  ]);
