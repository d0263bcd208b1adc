/** What the status of a CloudSqlServerCa says of its rotation. */
import { findCondition } from '../domain/conditions.ts';
import { timeOf } from '../lib/time.ts';
import type { ShownObject, ShownStatus } from './shown-object.ts';

type History = NonNullable<ShownStatus['history']>[number];

export const phaseOf = ({ status }: ShownObject): string => status?.rotation?.phase ?? 'Idle';

export interface PreviousCas {
  /** Those that it served by before, and can again. */
  readonly all: readonly string[];
  /** The one right before; undefined where none is, or nobody has recorded which of them. */
  readonly last: string | undefined;
}

/** One that was switched back from is taken again only by its name. */
export function previousCas({ status = {} }: ShownObject, now: Date): PreviousCas {
  const { serverCas = [], rotation: { previous, rejected = [] } = {}, history = [] } = status;
  const isValid = (time: string | undefined): boolean => (timeOf(time) ?? Number.POSITIVE_INFINITY) > now.getTime();
  const all = serverCas
    .filter(({ role, expirationTime }) => role === 'RotatedOut' && isValid(expirationTime))
    .map(({ sha1Fingerprint }) => sha1Fingerprint);
  const trusted = all.filter((one) => !rejected.includes(one));
  const active = serverCas.find(({ role }) => role === 'Active')?.sha1Fingerprint;
  const recorded = previous ?? history.map((entry) => switchedTo(entry, active)).find((one) => one !== undefined);
  const [only, ...others] = trusted;
  if (recorded !== undefined && trusted.includes(recorded)) return { all, last: recorded };
  return { all, last: others.length === 0 ? only : undefined };
}

/** The CA before, where this rotation led to that one. */
const switchedTo = (entry: History, active: string | undefined): string | undefined =>
  'cause' in entry && entry.outcome === 'Rotated' && entry.next === active ? entry.previous : undefined;

/** What a person has asked for and is not done: by a requestId, or by a pin. */
export function awaitsRotation({ spec, status = {} }: ShownObject): boolean {
  const { mode = 'Never', requestId, activeSha1Fingerprint: pin } = spec.rotation ?? {};
  if (mode === 'Never') return false;
  const { serverCas = [], executedRequestIds = [], conditions } = status;
  const active = serverCas.find(({ role }) => role === 'Active')?.sha1Fingerprint;
  const isAsked = pin === undefined ? isNew(requestId, executedRequestIds) : pin.toLowerCase() !== active;
  return isAsked && findCondition(conditions, 'ServerCaRotated')?.status !== 'True';
}

const isNew = (requestId: string | undefined, executed: readonly string[]): boolean =>
  requestId !== undefined && !executed.includes(requestId);
