/** What a maintenance window holds back: a rotation, the roll for a CA that waits, and the roll that forgets one. */
import type { CloudSqlServerCa, RecordedCa, Status } from './server-ca-object.ts';

/** CAs that are published, wait to be used, and for which workloads have not begun to roll. */
export const notRolledFor = (
  { spec, status: { serverCas: before = [] } }: CloudSqlServerCa,
  recorded: readonly RecordedCa[],
): readonly RecordedCa[] =>
  spec.rollout.disabled
    ? []
    : recorded.filter((ca) => isWaiting(ca) && !before.some((one) => isSame(one, ca) && isRolledFor(one)));

/** CAs that are to be published no longer, and that workloads have not begun to roll to forget. */
export const notForgotten = (
  { spec, status: { serverCas: before = [] } }: CloudSqlServerCa,
  recorded: readonly RecordedCa[],
): readonly RecordedCa[] =>
  spec.rollout.disabled || spec.serverCa.rotatedOut !== 'Drop'
    ? []
    : recorded.filter((ca) => !ca.published && before.some((one) => isSame(one, ca) && mayBeTrusted(one)));

/** Pods may have been given it, and do not roll to forget it yet. */
const mayBeTrusted = (ca: RecordedCa): boolean =>
  ca.role === 'Waiting' ? isRolledFor(ca) : ca.published || ca.heldBack !== undefined;

/** It is published, and workloads roll for it only later. */
export const awaitsRoll = (ca: RecordedCa): boolean => isWaiting(ca) && ca.heldBack !== undefined;

/** It is of no use any more, and workloads roll to forget it only later. */
export const awaitsForgetting = (ca: RecordedCa): boolean => !isWaiting(ca) && ca.heldBack !== undefined;

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
  rotation.gate?.reason === 'OutsideWindow' || serverCas.some(({ heldBack }) => heldBack !== undefined);
