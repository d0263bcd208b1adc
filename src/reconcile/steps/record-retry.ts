import { heard } from '../../domain/reset/request.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StepResult } from '../pass.ts';

/** A value of `retry` that came while nothing was stalled: seen, and without effect. The first requestId is this one's. */
export function recordRetry(reset: SslReset): StepResult {
  const { status } = reset;
  const { request } = status;
  return request === undefined
    ? { kind: 'Idle' }
    : { kind: 'Status', status: { ...status, request: { ...request, ...heard(reset) } } };
}
