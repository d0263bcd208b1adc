/** A write-ahead record counts only as it is stored: who finds it must know all that was known before the call. */
import { isDeepStrictEqual } from 'node:util';
import { type Verdict, waiting } from '../domain/conditions.ts';

/**
 * What the API server took and stores as something else is no record: nothing may be called on it.
 * @param path where the record is in the object, such as `status.request`
 */
export function recordObstacle(path: string, record: object, stored: object | undefined): Verdict | undefined {
  if (isDeepStrictEqual(record, stored)) return undefined;
  const before = new Map(Object.entries(stored ?? {}));
  const changed = Object.entries(record).flatMap(([key, value]) =>
    isDeepStrictEqual(value, before.get(key)) ? [] : [`${path}.${key}`],
  );
  const what = stored === undefined || changed.length === 0 ? path : changed.join(', ');
  return waiting(
    'CannotPublish',
    `The API server does not store the record of the call as it was written (${what}), so nothing was called: an admission webhook or policy changes the status, or the CRD is of another version`,
  );
}
