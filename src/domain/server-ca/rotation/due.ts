/** Whether the server CA of an instance, or with a CA service its server certificate, is to be rotated, and why: by a pin, by a request, or before it expires. */
import { createHash } from 'node:crypto';
import { timeOf } from '../../../lib/time.ts';
import { instanceKey } from '../../instance.ts';
import { isExpired } from '../publication.ts';
import type { CloudSqlServerCa } from '../server-ca-object.ts';
import type { Cause } from './rotation.ts';
import { activeVersion, takesPin, type Version } from './versions.ts';

export type Due =
  | { readonly kind: 'None' }
  /** By a pin that cannot be followed. */
  | { readonly kind: 'NotListed' | 'NotPinnable'; readonly fingerprint: string }
  /** `next`: the one that is asked for; absent: one that waits, or is to be added. */
  | { readonly kind: 'Due'; readonly cause: Cause; readonly requestId?: string; readonly next?: string };

const NONE: Due = { kind: 'None' };
const DAY_MS = 24 * 60 * 60_000;

/** By what the object and its status say. A pin wins over the expiry, which is told all the same. */
export function dueOf(object: CloudSqlServerCa, now: Date): Due {
  const { spec, status } = object;
  const { mode, requestId, activeSha1Fingerprint } = spec.rotation;
  const active = activeVersion(status);
  if (mode === 'Never' || active === undefined) return NONE;
  if (activeSha1Fingerprint !== undefined) return byPin(activeSha1Fingerprint.toLowerCase(), object, now);
  if (requestId !== undefined && !isExecuted(object)) return { kind: 'Due', cause: 'RequestId', requestId };
  const dueMs = dueByExpiryMs(object);
  return mode === 'WhenDue' && dueMs !== undefined && dueMs <= now.getTime() ? { kind: 'Due', cause: 'Expiry' } : NONE;
}

function byPin(fingerprint: string, object: CloudSqlServerCa, now: Date): Due {
  if (!takesPin(object)) return { kind: 'NotPinnable', fingerprint };
  const { serverCas = [] } = object.status;
  const pinned = serverCas.find(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint);
  if (pinned?.role === 'Active') return NONE;
  if (pinned === undefined || pinned.role === 'Unlisted' || isExpired(pinned, now))
    return { kind: 'NotListed', fingerprint };
  return { kind: 'Due', cause: 'Pin', next: fingerprint };
}

export const isExecuted = ({
  spec,
  status: { executedRequestIds = [] },
}: Pick<CloudSqlServerCa, 'spec' | 'status'>): boolean =>
  spec.rotation.requestId !== undefined && executedRequestIds.includes(spec.rotation.requestId);

/** When a rotation by expiry is due, in milliseconds since the epoch; undefined: the expiry cannot be read. */
export function dueByExpiryMs({ spec, status }: CloudSqlServerCa): number | undefined {
  const active = activeVersion(status);
  const expiryMs = timeOf(active?.expirationTime);
  if (active === undefined || expiryMs === undefined) return undefined;
  const renewMs = renewBeforeMs(spec.rotation, active);
  const dueMs = expiryMs - renewMs + spread(instanceKey(spec)) * (renewMs / 10);
  const rotated = status.history?.find(({ cause, outcome }) => cause === 'Expiry' && outcome === 'Rotated');
  const lastMs = timeOf(rotated?.endTime);
  return lastMs === undefined ? dueMs : Math.max(dueMs, lastMs + DAY_MS);
}

/** As the spec has it, and at most half of its life. */
export function renewBeforeMs(
  { renewBeforeSeconds }: CloudSqlServerCa['spec']['rotation'],
  { createTime, expirationTime }: Pick<Version, 'createTime' | 'expirationTime'>,
): number {
  const [fromMs, untilMs] = [timeOf(createTime), timeOf(expirationTime)];
  const lifeMs =
    fromMs === undefined || untilMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, untilMs - fromMs);
  return Math.min(renewBeforeSeconds * 1000, lifeMs / 2);
}

/** From 0 to 1, always the same for an instance, so that those that were created together do not rotate together. */
const spread = (instance: string): number => createHash('sha256').update(instance).digest().readUInt32BE(0) / 2 ** 32;
