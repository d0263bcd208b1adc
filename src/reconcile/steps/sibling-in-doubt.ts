import { type Verdict, waiting } from '../../domain/conditions.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { describeKey } from '../../lib/key.ts';
import type { IndexedObject } from '../indexed-object.ts';
import type { Context } from '../pass.ts';

/** An object whose status cannot be read or written any more is in doubt for good: it must not hold up the others. */
const PATIENCE_IN_GRACES = 3;

/**
 * What an object waits for while a call of one of these others may still show up; undefined once this process has seen
 * the same records open for far longer than the grace: by then whatever they began is listed, or never ran.
 */
export function siblingInDoubt(
  siblings: readonly IndexedObject[],
  { metadata: { uid } }: SslReset,
  { memory, settings }: Pick<Context, 'memory' | 'settings'>,
): Verdict | undefined {
  const patienceMs = PATIENCE_IN_GRACES * settings.resolveGraceMs;
  const open = siblings.filter(
    (sibling) => memory.sinceSeenMs(uid, `doubt ${sibling.uid} ${sibling.openRecords}`) < patienceMs,
  );
  const [first] = open;
  return (
    first &&
    waiting(
      'WaitingForInstance',
      `The outcome of a call by ${describeKey(first.key)}, which is of this instance too, is not known yet; waiting for it up to ${Math.ceil(patienceMs / 1000)} s`,
    )
  );
}
