import { stalled, type Verdict, waiting } from '../domain/conditions.ts';
import type { Step } from '../domain/decide.ts';
import type { CloudSqlError } from '../domain/errors.ts';

/** What a read of Cloud SQL that failed means for the request: it waits until that is put right. */
export function cloudSqlVerdict({ kind, message }: CloudSqlError, step: Step['kind']): Verdict {
  switch (kind) {
    case 'NotFound':
      return waiting('InstanceNotFound', message);
    case 'Forbidden':
      return waiting('PermissionDenied', message);
    case 'Throttled':
      return waiting('Throttled', message);
    case 'Conflict':
      return waiting('WaitingForInstance', message);
    case 'Unavailable':
    case 'Unreadable':
      return waiting('CloudSqlUnavailable', message);
    case 'Invalid':
      return step === 'RequestReset'
        ? stalled('InvalidRequest', `Cloud SQL refused to read the instance: ${message}`)
        : waiting('CloudSqlUnavailable', message);
  }
}
