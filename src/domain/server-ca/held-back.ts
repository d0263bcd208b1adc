/** What a maintenance window holds back: a rotation, and the roll for a CA that waits. */
import type { CloudSqlServerCa, RecordedCa, Status } from './server-ca-object.ts';

/** CAs that are published, wait to be used, and for which workloads have not begun to roll. */
export const notRolledFor = (
  { spec, status: { serverCas: before = [] } }: CloudSqlServerCa,
  recorded: readonly RecordedCa[],
): readonly RecordedCa[] =>
  spec.rollout.disabled
    ? []
    : recorded.filter((ca) => isWaiting(ca) && !before.some((one) => isSame(one, ca) && isRolledFor(one)));

const isWaiting = ({ role, published }: RecordedCa): boolean => role === 'Waiting' && published;
const isRolledFor = (ca: RecordedCa): boolean => isWaiting(ca) && ca.heldBack === undefined;
const isSame = (a: RecordedCa, b: RecordedCa): boolean => a.sha1Fingerprint === b.sha1Fingerprint;

/** @param why in words */
export const holdingBack = (
  recorded: readonly RecordedCa[],
  held: readonly RecordedCa[],
  why: string,
): readonly RecordedCa[] => recorded.map((ca) => (held.some((one) => isSame(one, ca)) ? { ...ca, heldBack: why } : ca));

export const awaitsWindow = ({ rotation = {}, serverCas = [] }: Pick<Status, 'rotation' | 'serverCas'>): boolean =>
  (rotation.stalled === undefined && rotation.gate?.reason === 'OutsideWindow') ||
  serverCas.some(({ heldBack }) => heldBack !== undefined);
