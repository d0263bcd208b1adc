import type { Settings } from '../../src/reconcile/pass.ts';
import type { FollowSettings } from '../../src/reconcile/server-ca/context.ts';

/** As shipped, but coarser polls: a run is short, and what is promised does not depend on them. */
export const SETTINGS: Settings & FollowSettings = {
  callWindowMs: 10_000,
  resolveGraceMs: 300_000,
  caSettleMs: 60_000,
  pollMinMs: 5_000,
  pollMaxMs: 60_000,
  retryMinMs: 2_000,
  retryMaxMs: 300_000,
  random: () => 0.5,
  maxResetsPerHour: 20,
  serverCaResyncMs: 300_000,
  requirePreconditions: false,
  approval: 'Automatic',
  approvalGuarded: true,
  allowedInstances: [{ pattern: 'acme-prod/*' }],
  rotatableInstances: [],
  followableInstances: [],
  maxRotationsPerHour: 20,
};
