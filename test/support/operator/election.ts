/** Flags of replicas in a hurry, but for their renewals: a leader that a busy machine holds up for some seconds keeps its lease. */
export const LEASE_MS = 12_000;
export const ELECTION = [
  '--leader-elect=true',
  `--lease-duration=${LEASE_MS}ms`,
  '--lease-renew-deadline=10s',
  '--lease-retry-period=500ms',
];
