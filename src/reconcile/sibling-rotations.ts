import type { Pinned } from '../domain/server-ca/rotation/gates.ts';
import { type Key, namespaceOf } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';

const HAS_SWITCHED: ReadonlySet<string> = new Set(['Verifying', 'SwitchingBack']);

/** What the rotation of an object is between; empty: none is under way. */
export function rotatedBetween(entry: IndexedObject | undefined): readonly string[] {
  const { next = [], previous = [] } = entry?.follows?.rotating ?? {};
  return [...next, ...previous];
}

/** The rotations of an instance, as far as they matter to one of its objects. */
export class SiblingRotations {
  readonly #own: IndexedObject;
  readonly #all: readonly IndexedObject[];

  /** @param all the other objects of the instance */
  constructor(own: IndexedObject, all: readonly IndexedObject[]) {
    this.#own = own;
    this.#all = all;
  }

  /** SHA-1 fingerprints of what objects of the instance, this one among them, are about to switch to, and of its CA. */
  next(): readonly string[] {
    return [...new Set([this.#own, ...this.#all].flatMap(({ follows }) => follows?.rotating?.next ?? []))].toSorted();
  }

  /** The same, of those that have not switched yet: what somebody has switched from since does not wait any more. */
  coming(): readonly string[] {
    return [this.#own, ...this.#all].flatMap(({ follows }) =>
      HAS_SWITCHED.has(follows?.phase ?? '') ? [] : (follows?.rotating?.next ?? []),
    );
  }

  /** SHA-1 fingerprints of what rotations of the instance are between, and of its CA: it serves by one of them next. */
  between(): readonly string[] {
    return [this.#own, ...this.#all].flatMap(rotatedBetween);
  }

  /** This object publishes a CA without need that was active before: the rotation that might have taken it back is over. */
  haveLeftCas(): boolean {
    const { beside = [] } = this.#own;
    if (beside.length === 0) return false;
    const past = this.#all.flatMap(({ follows }) => follows?.pastActive ?? []);
    const between = this.between();
    return beside.some((one) => past.includes(one) && !between.includes(one));
  }

  /** The others that do not follow the instance and do not hold everything that it is about to switch to. */
  awaited(): readonly Key[] {
    const next = this.next();
    return this.#all
      .filter(({ follows, holds }) => follows === undefined && next.some((one) => holds?.includes(one) === false))
      .map(({ key }) => key);
  }

  /** SHA-1 fingerprints of the CAs that any object of the instance, this one among them, has switched back from. */
  rejected(): readonly string[] {
    return [this.#own, ...this.#all].flatMap(({ follows }) => follows?.rejected ?? []);
  }

  /** SHA-1 fingerprints of the CAs that rotations of the instance were for, as far as its objects remember. */
  rotatedTo(): readonly string[] {
    return [this.#own, ...this.#all].flatMap(({ follows }) => follows?.rotatedTo ?? []);
  }

  /** An operation that shows now may be of a rotation, which does not find out about it any more. */
  mayHaveRun(): boolean {
    return this.#all.some(({ follows, mayHaveRun }) => follows !== undefined && mayHaveRun);
  }

  /** The other one whose rotation goes before one of this object; undefined: there is none. */
  first(): Key | undefined {
    const own = this.#own.follows?.rotating;
    return this.#all.find(({ follows }) => {
      const other = follows?.rotating;
      if (other === undefined || other.isHeld) return false;
      return other.isBusy || own === undefined || (!own.isBusy && other.order < own.order);
    })?.key;
  }

  /** What another one pins; of several, and of this one too, the pin of the oldest object goes before. */
  pinned(): Pinned | undefined {
    const own = this.#own.follows?.pin;
    const [first] = this.#all
      .flatMap(({ key, follows }) => (follows?.pin === undefined ? [] : [{ key, ...follows.pin }]))
      .filter(({ order }) => own === undefined || order < own.order)
      .toSorted((a, b) => (a.order < b.order ? -1 : 1));
    return first && { fingerprint: first.fingerprint, namespace: namespaceOf(first.key) };
  }

  /** Namespace of another one that lacks that CA for as long as its maintenance window is closed; undefined: there is none. */
  awaitingWindow(fingerprint: string): string | undefined {
    const asleep = this.#all.find(
      ({ holds, follows, heldBack }) =>
        holds?.includes(fingerprint) === false &&
        (heldBack.includes(fingerprint) ||
          (follows?.waitsFor === 'window' && follows.trust.known.includes(fingerprint))),
    );
    return asleep && namespaceOf(asleep.key);
  }

  /** SHA-1 fingerprints of what waits to be used beside that active CA, as any object that follows the instance knows it. */
  waiting(active: string | undefined): readonly string[] {
    const waiting = this.#all.flatMap(({ follows, heldBack }) => {
      const [first, ...others] = follows?.trust.needed ?? [];
      return first === undefined || first !== active ? [] : [...others, ...heldBack];
    });
    return [...new Set(waiting)];
  }

  /** Of those that an object of the same namespace follows the instance with, and does not roll for yet. */
  heldBackNear(): readonly string[] {
    const namespace = namespaceOf(this.#own.key);
    return this.#all.flatMap(({ key, follows, heldBack }) =>
      follows !== undefined && namespaceOf(key) === namespace ? heldBack : [],
    );
  }

  /** Those, this one among them, that do not hold that CA everywhere with all dependents healthy: as many, by namespace. */
  lacking(fingerprint: string): readonly { readonly namespace: string; readonly objects: number }[] {
    const objects = [this.#own, ...this.#all].filter(({ holds }) => holds?.includes(fingerprint) === false);
    const namespaces = objects.map(({ key }) => namespaceOf(key));
    return [...new Set(namespaces)]
      .toSorted()
      .map((namespace) => ({ namespace, objects: namespaces.filter((one) => one === namespace).length }));
  }
}
