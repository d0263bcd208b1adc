/**
 * Calls of objects that are gone: nobody follows them any more, and Cloud SQL may not list yet what they began. Kept by this
 * process alone, which is all that is left of them.
 */
import type { Operation } from '../domain/call/operation.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import { describeKey, type Key } from '../lib/key.ts';
import type { IndexedObject } from './indexed-object.ts';
import type { Context } from './pass.ts';

export interface DepartedCall {
  readonly key: Key;
  readonly uid: string;
  readonly group: string;
  /** Undefined: what became of the call was not known. */
  readonly operation: string | undefined;
}

/** One is forgotten only when another object of its instance has waited for it, so the oldest give way. */
const MAX_CALLS = 1_000;

interface Asked {
  readonly uid: string;
  readonly calls: readonly DepartedCall[];
  /** Of the instance, newest first. */
  readonly operations: readonly Operation[];
}

/**
 * What the next call on the instance waits for, in words: until Cloud SQL lists what the earlier one began, or has had the
 * grace for it. From then on it is waited for by what is listed.
 */
export function departedCall(
  { uid, calls, operations }: Asked,
  {
    index,
    memory,
    settings,
  }: Pick<Context, 'memory' | 'settings'> & { readonly index: { readonly departed: DepartedCalls } },
): string | undefined {
  const unlisted = calls.filter(
    (call) =>
      operations.every(({ name }) => name !== call.operation) &&
      memory.sinceSeenMs(uid, `departed ${call.uid}`) < settings.resolveGraceMs,
  );
  for (const call of calls) if (!unlisted.includes(call)) index.departed.forget(call);
  const [first] = unlisted;
  return (
    first &&
    `The ${describeKey(first.key)}, which was of this instance too, was deleted in the middle of a call, and Cloud SQL does not list that yet; waiting for it up to ${Math.ceil(settings.resolveGraceMs / 1000)} s`
  );
}

export class DepartedCalls {
  readonly #calls = new BoundedMap<string, DepartedCall>(MAX_CALLS);

  /** The object is gone, as it was seen last. */
  note({ key, uid, group, doubt, unseenCa, follows }: IndexedObject): void {
    const followed = follows?.followed;
    if (unseenCa === undefined && followed === undefined && doubt?.kind !== 'Unresolved') return;
    this.#calls.set(uid, { key, uid, group, operation: unseenCa?.operation ?? followed });
  }

  /** Those of an instance. */
  of(group: string): readonly DepartedCall[] {
    return [...this.#calls.values()].filter((call) => call.group === group);
  }

  forget({ uid }: DepartedCall): void {
    this.#calls.delete(uid);
  }
}
