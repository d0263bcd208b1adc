import type { Claims } from '../domain/call/resolve.ts';
import type { ServerCa } from '../domain/instance.ts';
import { pastOperations } from '../domain/reset/executed.ts';
import { isWithinHour } from '../domain/reset/hourly-limit.ts';
import type { Status } from '../domain/reset/ssl-reset.ts';
import type { Key } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';
import { laterRead, outdates } from './outdated.ts';

/** The other objects of an instance, as far as they matter to one of it. */
export class Siblings {
  readonly #own: IndexedObject;
  readonly #all: readonly IndexedObject[];

  constructor(own: IndexedObject, all: readonly IndexedObject[]) {
    this.#own = own;
    this.#all = all;
  }

  /**
   * Whether another object of the instance has read another CA later, or has deleted the client certificates of this one
   * by a reset that it took no account of.
   */
  makeOutdated(): boolean {
    return this.#all.some((sibling) => outdates(sibling, this.#own));
  }

  /** Fingerprint of a CA made later than this one, which another object has read since this object read last. */
  newerCa(ca: ServerCa | undefined): string | undefined {
    const own = this.#own;
    const madeMs = Date.parse(ca?.createTime ?? '');
    return this.#all.find(
      (one) =>
        one.ca !== undefined &&
        one.ca.fingerprint !== ca?.sha1Fingerprint &&
        one.ca.createTimeMs > madeMs &&
        (own.ca === undefined || laterRead(one.ca, own.ca) < 0),
    )?.ca?.fingerprint;
  }

  /** The newest time at which another object of the instance read its CA, RFC 3339; undefined: none is known. */
  lastRead(): string | undefined {
    const times = this.#all.flatMap(({ ca }) => ca?.readMs ?? []);
    return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
  }

  /** Those that carry a CA of the instance, and do not know yet that this object may call. */
  unaware(): readonly Key[] {
    const { uid } = this.#own;
    return this.#all
      .filter(({ hasBegun, call, siblingCalls }) => hasBegun && call === 'None' && !siblingCalls.includes(uid))
      .map(({ key }) => key);
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

  /** Those that are finding out what became of a call. */
  unresolved(): readonly IndexedObject[] {
    return this.inDoubt().filter(({ doubt }) => doubt?.kind === 'Unresolved');
  }

  /**
   * What the other objects of the instance hold as theirs, and the object itself as of its client certificates and of its
   * requests that are over.
   */
  claims(status: Status): Claims {
    const siblings = this.#all;
    const certificates = [this.#own, ...siblings].flatMap(({ certificateOperations }) => certificateOperations);
    const past = pastOperations(status);
    const resets = siblings.flatMap(({ operations }) => operations.all);
    const answered = siblings.flatMap(({ operations }) => operations.answered);
    return {
      resets: new Set(resets),
      all: new Set([...resets, ...past.all, ...certificates]),
      answered: new Set([...answered, ...past.answered, ...certificates]),
    };
  }

  /** The newest operations of those that have called within the last hour: Cloud SQL may not list them yet. */
  recentOperations(now: Date): readonly string[] {
    return this.#all
      .filter(({ uid, callTimes }) => callTimes.some((timeMs) => isWithinHour({ uid, timeMs }, now)))
      .flatMap(({ operations: { answered } }) => answered.slice(0, 2));
  }

  /** Whether the object has to look at them although nothing is to do for it alone. */
  callForPass(): boolean {
    return this.makeOutdated() || this.lost().length > 0;
  }
}
