/** Server CAs that wait to be used, and that the workloads of an object roll for only once a maintenance window opens. */
import type { Trust } from '../trust/right-template.ts';
import type { SslReset, Status } from './ssl-reset.ts';

export const awaitsWindow = ({ serverCa }: Pick<Status, 'serverCa'>): boolean => (serverCa?.heldBack ?? []).length > 0;

/**
 * Those that a closed window holds back: what was begun is finished.
 * @param published SHA-1 fingerprints of what is published now, the active one first
 * @param waiting of those that wait, as objects that follow the instance say
 */
export function heldBackBy(
  { spec, status }: SslReset,
  published: readonly string[],
  waiting: readonly string[],
): readonly string[] {
  if (spec.rollout.disabled) return [];
  const { published: before = [], heldBack = [] } = status.serverCa ?? {};
  const isBegun = (one: string): boolean => before.includes(one) && !heldBack.includes(one);
  const [, ...others] = published;
  return others.filter((one) => (waiting.includes(one) || heldBack.includes(one)) && !isBegun(one));
}

/** What the pods must trust while these are held back. */
export const holding = (heldBack: readonly string[], { needed, known, ...rest }: Trust): Trust => ({
  ...rest,
  needed: needed.filter((one) => !heldBack.includes(one)),
  known: [...new Set([...known, ...heldBack])],
});
