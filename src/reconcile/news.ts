/** What of an object is news: for itself, and for its siblings. */
import type { IndexedObject } from './indexed-object.ts';
import { hasOtherList, outdates } from './outdated.ts';
import { rotatedBetween } from './sibling-rotations.ts';

/** The siblings that have something to do because of what is new in an object. */
export function concernedBy(
  entry: IndexedObject,
  before: IndexedObject | undefined,
  siblings: readonly IndexedObject[],
): readonly IndexedObject[] {
  const hasOtherCa = entry.ca !== undefined && entry.ca.fingerprint !== before?.ca?.fingerprint;
  const hasRead = entry.ca !== undefined && entry.ca.readMs !== before?.ca?.readMs;
  const hasReset = entry.resetMs !== undefined && entry.resetMs !== before?.resetMs;
  const mattersToRotations = entry.follows !== before?.follows || !holdsSame(entry, before);
  const lost = lostWith(entry, before);
  return siblings.filter((sibling) => {
    if (hearsOfLoss(sibling, lost) || isReleased(sibling, before, entry) || isOver(sibling, before, entry)) return true;
    if (hasOtherCa && !sibling.isIdle) return true;
    if (sibling.follows !== undefined && hasRead && hasOtherList(entry, sibling)) return true;
    if (mattersToRotations && sibling.follows !== undefined) return true;
    return (hasOtherCa || hasRead || hasReset) && outdates(entry, sibling);
  });
}

/** The siblings that have something to do because an object is gone. */
export const concernedByEnd = (gone: IndexedObject, siblings: readonly IndexedObject[]): readonly IndexedObject[] =>
  siblings.filter(
    (sibling) =>
      hearsOfLoss(sibling, gone.uid) ||
      sibling.follows?.phase !== undefined ||
      isReleased(sibling, gone, undefined) ||
      isOver(sibling, gone, undefined),
  );

const hearsOfLoss = ({ siblingCalls }: IndexedObject, uid: string | undefined): boolean =>
  uid !== undefined && siblingCalls.includes(uid);

/** The other one held back a CA that this one waits to roll for, and does so no more. */
const isReleased = (
  { heldBack }: IndexedObject,
  before: IndexedObject | undefined,
  entry: IndexedObject | undefined,
): boolean => heldBack.some((one) => before?.heldBack.includes(one) === true && entry?.heldBack.includes(one) !== true);

/** A rotation of the other one that this one publishes a CA for, beside the active one, has come to its end. */
const isOver = (
  { beside = [] }: IndexedObject,
  before: IndexedObject | undefined,
  entry: IndexedObject | undefined,
): boolean => beside.some((one) => rotatedBetween(before).includes(one) && !rotatedBetween(entry).includes(one));

/** Nobody who waits for it to have a CA has anything to do because of it. */
const holdsSame = (entry: IndexedObject, before: IndexedObject | undefined): boolean =>
  (entry.holds ?? []).join() === (before?.holds ?? []).join();

/** Uid of an object of which nobody will hear any more, where that is new. */
function lostWith(entry: IndexedObject, before: IndexedObject | undefined): string | undefined {
  if (before !== undefined && before.uid !== entry.uid) return before.uid;
  return entry.call === 'Abandoned' && before?.call !== 'Abandoned' ? entry.uid : undefined;
}

/** An earlier leader may have begun something without an end: then only the status shows it, not the trigger. */
export function asksForPass(before: IndexedObject, { uid, trigger, hasRequest, isIdle }: IndexedObject): boolean {
  const isWiped = before.hasRequest && !hasRequest;
  return before.uid !== uid || before.trigger !== trigger || isWiped || (before.isIdle && !isIdle);
}
