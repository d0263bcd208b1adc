import { WAITING_REASONS } from '../domain/call/refusal.ts';
import { stalled, type Verdict, waiting } from '../domain/conditions.ts';
import type { CloudSqlError } from '../domain/errors.ts';
import type { Step } from '../domain/reset/step.ts';

/** What a read of Cloud SQL that failed means for the request: it waits until that is put right. */
export function cloudSqlVerdict({ kind, message }: CloudSqlError, step: Step['kind']): Verdict {
  if (kind !== 'Invalid') return waiting(WAITING_REASONS[kind], message);
  return step === 'RequestReset'
    ? stalled('InvalidRequest', `Cloud SQL refused to read the instance: ${message}`)
    : waiting('CloudSqlUnavailable', message);
}
