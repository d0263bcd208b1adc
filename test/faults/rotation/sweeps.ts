/** The same fault at each request of a rotation; events, which come when they like, are left alone. */
import { type Effect, isCall, isEvent, isWatch, isWrite, type Seen } from '../../support/proxied/traffic.ts';
import {
  BREAK_AFTER,
  BREAK_BEFORE,
  cloudSqlError,
  HANG_AFTER,
  HANG_BEFORE,
  kill,
  kubernetesError,
  MALFORMED,
  TRUNCATED,
} from '../effects.ts';
import { doing, ofCloudSql, ofKubernetes, type Sweep } from '../sweeps.ts';

/** Each request meets another one of them than its neighbours. */
const inTurn =
  (...effects: readonly Effect[]): Sweep['fault'] =>
  (_fixture, number) => ({ effect: effects[number % effects.length] ?? { kind: 'Pass' } });

const isOwn = (seen: Seen): boolean => !isEvent(seen);
/** To lose the answer to a read is the same as not to have read. */
const isChange = (seen: Seen): boolean => isWrite(seen) || isCall(seen);
/** How a read of the API server fails is all the same. */
const isTelling = (seen: Seen): boolean => isChange(seen) || ofCloudSql(seen);
const isOwnOfKubernetes = (seen: Seen): boolean => isOwn(seen) && ofKubernetes(seen);

export const ROTATION_SWEEPS: readonly Sweep[] = [
  { group: 'kill before', fault: kill(BREAK_BEFORE), matches: isOwn },
  { group: 'kill after', fault: kill(BREAK_AFTER), matches: isChange },
  { group: 'connection reset before', fault: doing(BREAK_BEFORE), matches: isTelling },
  { group: 'connection reset after', fault: doing(BREAK_AFTER), matches: isChange },
  { group: 'silence of Cloud SQL before', fault: doing(HANG_BEFORE), matches: ofCloudSql },
  { group: 'silence of Cloud SQL after a call', fault: doing(HANG_AFTER), matches: isCall },
  { group: 'silence of Kubernetes before a write', fault: doing(HANG_BEFORE), matches: isWrite },
  { group: 'silence of Kubernetes after a write', fault: doing(HANG_AFTER), matches: isWrite },
  { group: '409 of Kubernetes', fault: doing(kubernetesError(409, 'Conflict')), matches: isWrite },
  {
    group: '429, 500 and 503 of Kubernetes in turn',
    fault: inTurn(
      kubernetesError(429, 'TooManyRequests', 1),
      kubernetesError(500, 'InternalError'),
      kubernetesError(503, 'ServiceUnavailable'),
    ),
    matches: (seen) => isOwnOfKubernetes(seen) && !isWatch(seen),
  },
  {
    group: '403, 429, 500 and 503 of Cloud SQL in turn',
    fault: inTurn(
      cloudSqlError(403, 'notAuthorized'),
      cloudSqlError(429, 'rateLimitExceeded', 1),
      cloudSqlError(500, 'internalError'),
      cloudSqlError(503, 'backendError'),
    ),
    matches: ofCloudSql,
  },
  {
    group: 'malformed and truncated answers in turn',
    fault: inTurn(MALFORMED, TRUNCATED),
    matches: isTelling,
  },
];
