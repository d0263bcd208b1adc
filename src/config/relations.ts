import type { Config, ConfigKey } from './flags.ts';

/** What values must be to each other. */
export interface Relation {
  /** The first is the one to complain about. */
  readonly keys: readonly [ConfigKey, ...ConfigKey[]];
  readonly holds: (config: Config) => boolean;
  readonly expected: string;
}

/** A step in flight may need a Google call and a Kubernetes call of 15 s, one after the other. */
const KUBERNETES_CALL_MS = 15_000;
/** As client-go has it. */
const RENEWAL_MARGIN = 1.2;

export const relations: readonly Relation[] = [
  {
    keys: ['resolveGraceMs', 'callWindowMs', 'requestTimeoutMs'],
    holds: ({ resolveGraceMs, callWindowMs, requestTimeoutMs }) => resolveGraceMs > callWindowMs + requestTimeoutMs,
    expected: 'longer than --call-window and --request-timeout together, or a call still under way counts as not sent',
  },
  {
    keys: ['shutdownTimeoutMs', 'requestTimeoutMs'],
    holds: ({ shutdownTimeoutMs, requestTimeoutMs }) => shutdownTimeoutMs > requestTimeoutMs + KUBERNETES_CALL_MS,
    expected: 'longer than --request-timeout and 15s together, or a call in flight is cut off',
  },
  {
    keys: ['pollMinMs', 'pollMaxMs'],
    holds: ({ pollMinMs, pollMaxMs }) => pollMinMs <= pollMaxMs,
    expected: 'at most --poll-max',
  },
  {
    keys: ['retryMinMs', 'retryMaxMs'],
    holds: ({ retryMinMs, retryMaxMs }) => retryMinMs <= retryMaxMs,
    expected: 'at most --retry-max',
  },
  {
    keys: ['leaseDurationMs', 'leaseRenewDeadlineMs'],
    holds: ({ leaseDurationMs, leaseRenewDeadlineMs }) => leaseDurationMs > leaseRenewDeadlineMs,
    expected: 'longer than --lease-renew-deadline, or another replica takes the Lease while this one still writes',
  },
  {
    keys: ['leaseRenewDeadlineMs', 'leaseRetryPeriodMs'],
    holds: ({ leaseRenewDeadlineMs, leaseRetryPeriodMs }) => leaseRenewDeadlineMs > leaseRetryPeriodMs * RENEWAL_MARGIN,
    expected: `longer than ${RENEWAL_MARGIN} times --lease-retry-period, or a renewal may come too late`,
  },
];
