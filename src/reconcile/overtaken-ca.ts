import type { ServerCa } from '../domain/instance.ts';
import type { Context } from './pass.ts';
import type { Siblings } from './siblings.ts';

/**
 * Fingerprint of a CA that was made later than the listed one, and that another object of the instance has read since:
 * somebody has taken that one back, or this read is an old one. Undefined where there is none, or once the listed one has
 * been listed for `--ca-settle`: then it is believed.
 * @param uid of the object that reads
 */
export function overtakenBy(
  listed: ServerCa | undefined,
  uid: string,
  siblings: Siblings,
  { memory, settings }: Pick<Context, 'memory' | 'settings'>,
): string | undefined {
  const newer = siblings.newerCa(listed);
  if (newer === undefined) return undefined;
  const seenMs = memory.sinceSeenMs(uid, `${listed?.sha1Fingerprint ?? 'none'} instead of ${newer}`);
  return seenMs < settings.caSettleMs ? newer : undefined;
}
