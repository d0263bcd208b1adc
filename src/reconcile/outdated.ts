/** Which object of an instance is behind another one of it: by the CAs that they have read, and by the ends of their resets. */
import type { IndexedObject } from './indexed-object.ts';

export const outdates = (sibling: IndexedObject, own: IndexedObject): boolean =>
  hasOtherCa(sibling, own) || hasLaterReset(sibling, own) || mustFollow(sibling, own);

/**
 * An object that follows the instance has read another list later: a reset is read and published once more. Nobody else's
 * list counts: two objects that are answered different lists in turn would otherwise read them without an end.
 */
const mustFollow = (sibling: IndexedObject, own: IndexedObject): boolean =>
  sibling.follows !== undefined && own.follows === undefined && (hasOtherList(sibling, own) || hasMore(sibling, own));

/** Of the same list it publishes a CA to be used next that the other one, which publishes none without need, does not. */
const hasMore = ({ follows, heldBack, ca }: IndexedObject, own: IndexedObject): boolean => {
  const next = [...(follows?.trust.needed.slice(1) ?? []), ...heldBack];
  return next.some((one) => own.beside?.includes(one) === false) && isReadLater({ ca }, own);
};

/** The same CA is active, and others are listed beside it. */
export const hasOtherList = (sibling: IndexedObject, own: IndexedObject): boolean =>
  sibling.listed !== undefined &&
  own.listed !== undefined &&
  sibling.listed !== own.listed &&
  isReadLater(sibling, own);

/** Read later: a CA made later may have been taken back since. */
const hasOtherCa = (sibling: IndexedObject, own: IndexedObject): boolean =>
  sibling.ca?.fingerprint !== own.ca?.fingerprint && isReadLater(sibling, own);

/** And the object has not been received for that read yet. */
const isReadLater = ({ ca }: Pick<IndexedObject, 'ca'>, own: IndexedObject): boolean =>
  ca !== undefined && own.ca !== undefined && laterRead(ca, own.ca) < 0 && ca.readMs > (own.followedMs ?? -1);

/** For a sort that begins with what was read last. Without a time of reading, the CA that was made last comes first. */
export const laterRead = (a: IndexedObject['ca'], b: IndexedObject['ca']): number =>
  (b?.readMs ?? 0) - (a?.readMs ?? 0) || (b?.createTimeMs ?? 0) - (a?.createTimeMs ?? 0);

const hasLaterReset = ({ resetMs }: IndexedObject, { seenResetMs }: IndexedObject): boolean =>
  resetMs !== undefined && seenResetMs !== undefined && resetMs > seenResetMs;
