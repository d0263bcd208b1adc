import type { Claims } from '../domain/call/resolve.ts';
import { pastOperations } from '../domain/reset/executed.ts';
import { isWithinHour } from '../domain/reset/hourly-limit.ts';
import type { Request, Status } from '../domain/reset/ssl-reset.ts';
import { timeOf } from '../lib/time.ts';
import type { IndexedObject } from './indexed-object.ts';

/** The operations of an instance that its other objects know to be theirs. */
export class SiblingOperations {
  readonly #own: IndexedObject;
  readonly #all: readonly IndexedObject[];

  /** @param all the other objects of the instance */
  constructor(own: IndexedObject, all: readonly IndexedObject[]) {
    this.#own = own;
    this.#all = all;
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
  recent(now: Date): readonly string[] {
    return this.#all
      .filter(({ uid, callTimes }) => callTimes.some((timeMs) => isWithinHour({ uid, timeMs }, now)))
      .flatMap(({ operations: { answered } }) => answered.slice(0, 2));
  }

  /**
   * An operation of a reset that another object has had since a call was recorded, also where Cloud SQL lists it no more: one
   * of the hour before is among those that the record knows. Undefined: there is none.
   */
  resetSince({ time, before }: Pick<Request, 'time' | 'before'>): string | undefined {
    const called = new Date(timeOf(time) ?? Number.POSITIVE_INFINITY);
    return this.#all
      .filter(({ uid, resetMs }) => resetMs !== undefined && isWithinHour({ uid, timeMs: resetMs }, called))
      .map(({ operations: { all } }) => all[0])
      .find((name) => name !== undefined && before?.operations?.includes(name) !== true);
  }
}
