import { ownValue } from '../../lib/own-value.ts';
import type { CloudSqlErrorKind } from '../errors.ts';
import type { WaitingReason } from '../reasons.ts';

/** What a refusal says of a call that may not be repeated. */
export type CallRefusal =
  /** Not executed: a new attempt may follow. */
  | { readonly kind: 'Refused'; readonly reason: WaitingReason }
  /** As above, since another operation runs: it may be that of an earlier attempt. */
  | { readonly kind: 'Busy'; readonly reason: WaitingReason }
  /** Not executed, and it never will be. */
  | { readonly kind: 'Invalid' }
  /** Nothing: it may have been executed. */
  | { readonly kind: 'Unknown' };

/** Both halves, so that no refusal is known to one side alone. */
interface Refusal {
  readonly read: CloudSqlErrorKind;
  readonly call: CallRefusal;
}

interface RefusalsOfStatus {
  /** For each reason that is not named here. */
  readonly other: Refusal;
  /** For a read whose answer has no readable body: a proxy may have sent it, and proxies know nothing of instances. */
  readonly unreadable: CloudSqlErrorKind;
  /** Keyed by `error.errors[0].reason`. */
  readonly byReason?: Readonly<Record<string, Refusal>>;
}

type Passing = Exclude<CloudSqlErrorKind, 'Invalid'>;

/** What a request waits for until that passes. */
export const WAITING_REASONS: Readonly<Record<Passing, WaitingReason>> = {
  NotFound: 'InstanceNotFound',
  Forbidden: 'PermissionDenied',
  Throttled: 'Throttled',
  Conflict: 'WaitingForInstance',
  Unavailable: 'CloudSqlUnavailable',
  Unreadable: 'CloudSqlUnavailable',
};

const passing = (read: Passing, kind: 'Refused' | 'Busy' = 'Refused'): Refusal => ({
  read,
  call: { kind, reason: WAITING_REASONS[read] },
});

const INVALID: Refusal = { read: 'Invalid', call: { kind: 'Invalid' } };
const FORBIDDEN = passing('Forbidden');
const NOT_FOUND = passing('NotFound');
const THROTTLED = passing('Throttled');
const NOT_READY = passing('Conflict');
const BUSY = passing('Conflict', 'Busy');
const UNKNOWN: Refusal = { read: 'Unavailable', call: { kind: 'Unknown' } };

/**
 * The one table of Google's refusals, by status and reason. A status is here only if Google executes nothing when it
 * answers so; of any other one nothing is known.
 */
export const REFUSALS: Readonly<Record<number, RefusalsOfStatus>> = {
  400: {
    other: INVALID,
    unreadable: 'Unavailable',
    byReason: { invalidState: { read: 'Invalid', call: NOT_READY.call } },
  },
  401: { other: FORBIDDEN, unreadable: 'Forbidden' },
  403: {
    other: FORBIDDEN,
    unreadable: 'Forbidden',
    byReason: {
      instanceDoesNotExist: NOT_FOUND,
      operationInProgress: BUSY,
      rateLimitExceeded: THROTTLED,
      userRateLimitExceeded: THROTTLED,
      quotaExceeded: THROTTLED,
      RATE_LIMIT_EXCEEDED: THROTTLED,
    },
  },
  404: { other: NOT_FOUND, unreadable: 'Unavailable' },
  409: { other: BUSY, unreadable: 'Unavailable', byReason: { invalidState: NOT_READY } },
  412: { other: NOT_READY, unreadable: 'Unavailable' },
  429: { other: THROTTLED, unreadable: 'Throttled' },
};

/** Whether the status alone says that nothing was executed. */
export const isRefusal = (status: number): boolean => REFUSALS[status] !== undefined;

/** @param reason '' where the answer has none, undefined where its body cannot be read */
export function readRefusal(status: number, reason: string | undefined): CloudSqlErrorKind {
  return reason === undefined ? (REFUSALS[status]?.unreadable ?? UNKNOWN.read) : find(status, reason).read;
}

/** @param reason '' where the answer has none, or no body that can be read */
export const callRefusal = (status: number, reason: string): CallRefusal => find(status, reason).call;

function find(status: number, reason: string): Refusal {
  const { other = UNKNOWN, byReason = {} } = REFUSALS[status] ?? {};
  return ownValue(byReason, reason) ?? other;
}

/** `409 operationInProgress: what Google says of it`. */
export const describeRefusal = ({ code, reason, message }: Described): string =>
  `${code}${reason === '' ? '' : ` ${reason}`}${message === '' ? '' : `: ${message}`}`;

interface Described {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}
