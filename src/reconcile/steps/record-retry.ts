import { heard } from '../../domain/reset/request-record.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { AWAIT_CHANGE, NOW, type StepResult } from '../pass.ts';

/** A value of `retry` that came while nothing was stalled: seen, and without effect. The first requestId is this one's. */
export function recordRetry(reset: SslReset): StepResult {
  const { request } = reset.status;
  return request === undefined
    ? { next: AWAIT_CHANGE }
    : { changes: { request: { ...request, ...heard(reset) } }, next: NOW };
}
