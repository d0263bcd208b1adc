import { type RetryPolicy, retryDelayMs } from '../domain/call/retry.ts';
import { isKubernetesError } from '../domain/errors.ts';
import { type Action, requeueAfter } from '../lib/action.ts';

/** When a pass that failed is run again: slower each time, and never sooner than the API server asked for. */
export function errorPolicy(error: unknown, failures: number, policy: RetryPolicy): Action {
  const asked = isKubernetesError(error) ? (error.retryAfterMs ?? 0) : 0;
  const delayMs = isKubernetesError(error, 'Conflict') && failures < 5 ? CONFLICT_MS : retryDelayMs(failures, policy);
  return requeueAfter(Math.max(asked, delayMs));
}

/** A conflict means that the facts were old: reading them again is all it takes. */
const CONFLICT_MS = 50;
