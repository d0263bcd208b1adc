/** The same fault at each request of a whole run. */

import type { Observed } from '../support/proxied/observer.ts';
import {
  type Effect,
  type Fault,
  isCall,
  isRead,
  isWatch,
  isWrite,
  once,
  type Seen,
} from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
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
} from './effects.ts';
import type { Fixture } from './fixture.ts';
import type { Reference } from './site.ts';

export interface Sweep {
  readonly group: string;
  /** `number`: of the request, among those that it meets. */
  readonly fault: (fixture: Fixture, number: number) => Fault;
  /** Which requests it meets; absent: all. */
  readonly matches?: (seen: Seen) => boolean;
}

export const doing = (effect: Effect) => (): Fault => ({ effect });

export const ofKubernetes = ({ side }: Seen): boolean => side === 'Kubernetes';
export const ofCloudSql = ({ side }: Seen): boolean => side === 'CloudSql';

export const SWEEPS: readonly Sweep[] = [
  { group: 'kill before', fault: kill(BREAK_BEFORE) },
  { group: 'kill after', fault: kill(BREAK_AFTER) },
  { group: 'connection reset before', fault: doing(BREAK_BEFORE) },
  { group: 'connection reset after', fault: doing(BREAK_AFTER) },
  { group: 'silence of Cloud SQL before', fault: doing(HANG_BEFORE), matches: ofCloudSql },
  { group: 'silence of Cloud SQL after', fault: doing(HANG_AFTER), matches: ofCloudSql },
  { group: 'silence of Kubernetes before a write', fault: doing(HANG_BEFORE), matches: isWrite },
  { group: 'silence of Kubernetes after a write', fault: doing(HANG_AFTER), matches: isWrite },
  { group: '409 of Kubernetes', fault: doing(kubernetesError(409, 'Conflict')), matches: isWrite },
  { group: '429 of Kubernetes', fault: doing(kubernetesError(429, 'TooManyRequests', 1)), matches: ofKubernetes },
  { group: '500 of Kubernetes', fault: doing(kubernetesError(500, 'InternalError')), matches: ofKubernetes },
  { group: '503 of Kubernetes', fault: doing(kubernetesError(503, 'ServiceUnavailable')), matches: ofKubernetes },
  { group: '429 of Cloud SQL', fault: doing(cloudSqlError(429, 'rateLimitExceeded', 1)), matches: ofCloudSql },
  { group: '500 of Cloud SQL', fault: doing(cloudSqlError(500, 'internalError')), matches: ofCloudSql },
  { group: '503 of Cloud SQL', fault: doing(cloudSqlError(503, 'backendError')), matches: ofCloudSql },
  { group: 'malformed answer', fault: doing(MALFORMED), matches: isInformative },
  { group: 'truncated answer', fault: doing(TRUNCATED), matches: isInformative },
];

/** Something is learnt from its answer. */
function isInformative(seen: Seen): boolean {
  return !isWatch(seen) && (isRead(seen) || isCall(seen) || isWrite(seen));
}

/** Requests vary from run to run by an event or a poll. */
const MARGIN = 2;

export function sweepCases<T extends Observed, End extends object>(
  reference: Reference<T, End>,
  sweeps: readonly Sweep[],
): readonly Case[] {
  return sweeps.flatMap((sweep) => {
    const count = reference.seen.filter(sweep.matches ?? (() => true)).length + MARGIN;
    return Array.from({ length: count }, (_, index) => sweepCase(sweep, index + 1, reference));
  });
}

const sweepCase = <T extends Observed, End extends object>(
  { group, fault, matches }: Sweep,
  number: number,
  reference: Reference<T, End>,
): Case =>
  runCase(
    reference,
    { group, name: `${group} ${number}` },
    { tamper: (fixture) => once(number, fault(fixture, number), matches) },
  );
