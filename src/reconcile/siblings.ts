import type { ServerCa } from '../domain/instance.ts';
import { isInScope, type OtherObjects } from '../domain/trust/pick-up.ts';
import type { Trust } from '../domain/trust/right-template.ts';
import { describeKey, type Key, namespaceOf } from '../lib/key.ts';
import { timeOf } from '../lib/time.ts';
import { isStalled } from './condition-summary.ts';
import type { IndexedObject } from './indexed-object.ts';
import { hasOtherList, laterRead, outdates } from './outdated.ts';
import { namesOf } from './publications.ts';
import { SiblingOperations } from './sibling-operations.ts';
import { SiblingRotations } from './sibling-rotations.ts';

/** The other objects of an instance, as far as they matter to one of it. */
export class Siblings {
  readonly #own: IndexedObject;
  readonly #all: readonly IndexedObject[];

  constructor(own: IndexedObject, all: readonly IndexedObject[]) {
    this.#own = own;
    this.#all = all;
  }

  /**
   * Whether another object of the instance has read another CA later, or, of a reset, whether one that follows has read
   * another list; or has deleted the client certificates of this one by a reset that it took no account of.
   */
  makeOutdated(): boolean {
    return this.#all.some((sibling) => outdates(sibling, this.#own));
  }

  /** Whether another object of the instance has read other CAs later, even if the same one is active. */
  haveOtherList(): boolean {
    return this.#all.some((sibling) => hasOtherList(sibling, this.#own));
  }

  /**
   * Fingerprint of a CA made later than this one, which another object has read since this object read last. A CA of
   * which nobody says when it was made is no later one.
   */
  newerCa(ca: ServerCa | undefined): string | undefined {
    const own = this.#own;
    const madeMs = timeOf(ca?.createTime) ?? Number.POSITIVE_INFINITY;
    return this.#all.find(
      (one) =>
        one.ca !== undefined &&
        one.ca.fingerprint !== ca?.sha1Fingerprint &&
        (one.ca.createTimeMs ?? 0) > madeMs &&
        (own.ca === undefined || laterRead(one.ca, own.ca) < 0),
    )?.ca?.fingerprint;
  }

  /** The newest time at which another object of the instance read its CA, RFC 3339; undefined: none is known. */
  lastRead(): string | undefined {
    const times = this.#all.flatMap(({ ca }) => ca?.readMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /** Those that carry a CA of the instance or will, do not look at it all the time, and do not know that this one may call. */
  unaware(): readonly Key[] {
    const { uid } = this.#own;
    return this.#all
      .filter(
        ({ ca, hasBegun, call, siblingCalls, follows }) =>
          (hasBegun || ca !== undefined) && call === 'None' && follows === undefined && !siblingCalls.includes(uid),
      )
      .map(({ key }) => key);
  }

  /** Those that follow the instance. */
  followers(): readonly Key[] {
    return this.#all.filter(({ follows }) => follows !== undefined).map(({ key }) => key);
  }

  /** SHA-1 fingerprints of the CAs that others have seen as the active one. */
  pastActive(): readonly string[] {
    return this.#all.flatMap(({ ca, follows }) => [
      ...(ca === undefined ? [] : [ca.fingerprint]),
      ...(follows?.pastActive ?? []),
    ]);
  }

  /** What an object that follows the instance has the workloads trust, where it knows the same active CA; undefined: none does. */
  trust(active: string | undefined): Trust | undefined {
    return this.#all.find(({ follows }) => active !== undefined && follows?.trust.needed[0] === active)?.follows?.trust;
  }

  /**
   * Those of its namespace that follow the instance, and have not published yet what this object has: they have another
   * active CA, or have read another list and have never heard of one of `published`, or have not looked at all.
   */
  followersBehind(active: string | undefined, published: readonly string[]): readonly IndexedObject[] {
    return this.#all.filter(({ key, follows, listed, summary }) => {
      if (follows === undefined || namespaceOf(key) !== namespaceOf(this.#own.key)) return false;
      const { trust, pastActive } = follows;
      // It was made anew, say, and what an earlier one has published is still there.
      if (trust.needed.length === 0) return !isStalled(summary);
      // One that is not permitted any more keeps what it has published, and pods take it from there.
      const known = new Set([...trust.needed, ...trust.known, ...pastActive]);
      return trust.needed[0] !== active || (listed !== this.#own.listed && published.some((one) => !known.has(one)));
    });
  }

  get operations(): SiblingOperations {
    return new SiblingOperations(this.#own, this.#all);
  }

  get rotations(): SiblingRotations {
    return new SiblingRotations(this.#own, this.#all);
  }

  /** `kind namespace/name` of all, sorted. */
  names(): readonly string[] {
    return this.#all.map(({ key }) => describeKey(key)).toSorted();
  }

  /**
   * What those of its namespace say of the workloads there.
   * @param instance the id of the instance
   */
  inNamespace(instance: string): OtherObjects {
    const namespace = namespaceOf(this.#own.key);
    const near = this.#all.filter(({ key }) => namespaceOf(key) === namespace);
    return {
      publishes: near.flatMap(namesOf),
      restarts: (workload) =>
        near.some((one) => one.restarts && isInScope(one.restarts, { instance, publishes: namesOf(one) }, workload)),
    };
  }

  /** Uids of the others whose call is not seen to its end. */
  calling(): readonly string[] {
    return this.#all.flatMap(({ uid, call }) => (call === 'Open' ? [uid] : []));
  }

  /** Uids of those that it knows to have called, and that nobody will hear of any more. */
  lost(): readonly string[] {
    const { siblingCalls } = this.#own;
    if (siblingCalls.length === 0) return siblingCalls;
    const heard = new Set(this.#all.flatMap(({ uid, call }) => (call === 'Abandoned' ? [] : [uid])));
    return siblingCalls.filter((uid) => !heard.has(uid));
  }

  /** RFC 3339; undefined: none is known. */
  lastReset(): string | undefined {
    const times = this.#all.flatMap(({ resetMs }) => resetMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /**
   * Those of which a call may still show up: a reset now would look like its trace. Of two objects whose next attempt
   * follows a call in doubt, one goes first. Nor is a first call made while another object's client certificate may still
   * show up; one that is in doubt already goes on, since that other one waits for it.
   */
  toWaitFor(): readonly IndexedObject[] {
    const own = this.#own;
    return this.#all.filter(({ doubt, isIssuing }) => {
      if (isIssuing && own.doubt === undefined) return true;
      if (doubt?.kind !== 'InDoubt' || own.doubt?.kind !== 'InDoubt') return doubt !== undefined;
      return doubt.order < own.doubt.order;
    });
  }

  /** Those whose call was accepted, and whose CA nobody has seen. */
  withUnseenCa(): readonly IndexedObject[] {
    return this.#all.filter(({ unseenCa }) => unseenCa !== undefined);
  }

  /** Those for whose call an operation that is started now could be taken. */
  inDoubt(): readonly IndexedObject[] {
    return this.#all.filter(({ doubt }) => doubt !== undefined);
  }

  /** An operation that shows now may be of a call of another object, which nobody finds out about yet. */
  mayHaveRun(): boolean {
    return this.#all.some(({ mayHaveRun }) => mayHaveRun);
  }

  /** Those that are finding out what became of a call. */
  unresolved(): readonly IndexedObject[] {
    return this.inDoubt().filter(({ doubt }) => doubt?.kind === 'Unresolved');
  }
}
