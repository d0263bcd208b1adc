/**
 * Who may lead: decisions from what was seen of the Lease, and when, on the own clock. The times in it are for people:
 * no two clocks are ever compared.
 */

/** What an election must know of a Lease. */
export interface Lease {
  readonly uid: string;
  /** Changes with the content. */
  readonly version: string;
  /** '' where it was released. */
  readonly holder: string;
  /** How long its content must stand still before another may take it; undefined where it does not say. */
  readonly durationMs: number | undefined;
  readonly transitions: number;
}

/** The Lease as it was seen last, undefined where there was none, and when it was first seen to be so. */
export interface Sighting {
  readonly lease: Lease | undefined;
  readonly sinceMs: number;
}

export type Decision =
  /** Only as it was `before`: what it became since then was not judged. */
  | { readonly kind: 'Acquire'; readonly before: Lease | undefined }
  /** It is ours. */
  | { readonly kind: 'Renew'; readonly before: Lease }
  /** It is another's for at least so long, unless it changes. */
  | { readonly kind: 'Wait'; readonly delayMs: number };

/** What is written to hold the Lease; what is absent stays as it is. */
export interface Claim {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly renewTime: Date;
  readonly acquireTime?: Date;
  readonly leaseTransitions?: number;
}

export interface Candidate {
  readonly identity: string;
  readonly durationMs: number;
}

export function sight(before: Sighting | undefined, lease: Lease | undefined, nowMs: number): Sighting {
  const isSame = before !== undefined && before.lease?.uid === lease?.uid && before.lease?.version === lease?.version;
  return isSame ? before : { lease, sinceMs: nowMs };
}

export function decide({ lease, sinceMs }: Sighting, { identity, durationMs }: Candidate, nowMs: number): Decision {
  if (lease === undefined || lease.holder === '') return { kind: 'Acquire', before: lease };
  if (lease.holder === identity) return { kind: 'Renew', before: lease };
  const delayMs = sinceMs + (lease.durationMs ?? durationMs) - nowMs;
  return delayMs <= 0 ? { kind: 'Acquire', before: lease } : { kind: 'Wait', delayMs };
}

/** A claim on the Lease as it was `before`, undefined where there was none. */
export function claim(before: Lease | undefined, { identity, durationMs }: Candidate, now: Date): Claim {
  const held = {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: now,
  };
  if (before?.holder === identity) return held;
  return { ...held, acquireTime: now, leaseTransitions: before === undefined ? 0 : before.transitions + 1 };
}
