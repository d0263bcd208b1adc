/** Flags of replicas in a hurry. */
export const LEASE_MS = 4_000;
export const ELECTION = [
  '--leader-elect=true',
  `--lease-duration=${LEASE_MS}ms`,
  '--lease-renew-deadline=3s',
  '--lease-retry-period=500ms',
];
