import type { Settings } from '../../../src/reconcile/pass.ts';
import type { FollowSettings } from '../../../src/reconcile/server-ca/context.ts';

/** As shipped, but that every namespace is allowed the instances of one project. */
export const SETTINGS: Settings & FollowSettings = {
  callWindowMs: 10_000,
  resolveGraceMs: 300_000,
  caSettleMs: 60_000,
  pollMinMs: 1_000,
  pollMaxMs: 15_000,
  retryMinMs: 1_000,
  retryMaxMs: 300_000,
  random: () => 0.5,
  maxResetsPerHour: 20,
  requirePreconditions: false,
  approval: 'Automatic',
  approvalGuarded: true,
  allowedInstances: [{ pattern: 'acme-prod/*' }],
  rotatableInstances: [],
  followableInstances: [],
  maxRotationsPerHour: 20,
  serverCaResyncMs: 300_000,
};
