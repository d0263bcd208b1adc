/** What can be done to a request, ready to use. */

import type { Effect, Fault, Side } from '../support/proxied/traffic.ts';
import type { Fixture } from './fixture.ts';

export const BREAK_BEFORE: Effect = { kind: 'Break', when: 'Before' };
export const BREAK_AFTER: Effect = { kind: 'Break', when: 'After' };
export const HANG_BEFORE: Effect = { kind: 'Hang', when: 'Before' };
export const HANG_AFTER: Effect = { kind: 'Hang', when: 'After' };
export const MALFORMED: Effect = { kind: 'Garble', how: 'Malformed' };
export const TRUNCATED: Effect = { kind: 'Garble', how: 'Truncated' };

const message = 'An error that was ordered.';

export function kubernetesError(code: number, reason: string, retryAfterSeconds?: number): Effect {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return { kind: 'Answer', code, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

export function cloudSqlError(code: number, reason: string, retryAfterSeconds?: number): Effect {
  const body = { error: { code, message, errors: [{ message, domain: 'global', reason }] } };
  return { kind: 'Answer', code, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

const ANYWHERE = [BREAK_BEFORE, BREAK_AFTER, MALFORMED, TRUNCATED];

export const EFFECTS_BY_SIDE: Readonly<Record<Side, readonly Effect[]>> = {
  Kubernetes: [
    ...ANYWHERE,
    kubernetesError(429, 'TooManyRequests', 1),
    kubernetesError(500, 'InternalError'),
    kubernetesError(503, 'ServiceUnavailable'),
  ],
  CloudSql: [
    ...ANYWHERE,
    HANG_BEFORE,
    HANG_AFTER,
    cloudSqlError(429, 'rateLimitExceeded', 1),
    cloudSqlError(500, 'internalError'),
    cloudSqlError(503, 'backendError'),
  ],
};

/** The operator is killed at that moment, and another one started. */
export const kill =
  (effect: Effect) =>
  (fixture: Fixture): Fault => ({
    effect,
    meanwhile: async () => {
      await fixture.operator.kill();
      fixture.startOperator();
    },
  });
