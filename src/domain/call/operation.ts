/** An operation of Cloud SQL, and what a record keeps from before the call that began it. */
import type { DeepReadonly } from '../object.ts';
import type { CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';

export type Operation = DeepReadonly<NonNullable<CloudSqlSslResetStatus['operation']>>;

type Request = DeepReadonly<NonNullable<CloudSqlSslResetStatus['request']>>;
export type Before = NonNullable<Request['before']>;

export const isDone = (operation: Operation): boolean => operation.status === 'DONE';

export const findRunning = (operations: readonly Operation[]): Operation | undefined =>
  operations.find((operation) => !isDone(operation));

/** A reset has no type of its own. */
export const isUpdate = (operationType: string | undefined): boolean => operationType === 'UPDATE';

const NOT_SAID = 'SQL_OPERATION_TYPE_UNSPECIFIED';

/** Those of the API's reference that are neither a reset nor any other change of settings. */
const OTHER_TYPES: ReadonlySet<string> = new Set([
  'ACQUIRE_SSRS_LEASE',
  'AUTO_RESTART',
  'BACKUP',
  'BACKUP_VOLUME',
  'CLONE',
  'CLUSTER_MAINTENANCE',
  'CREATE',
  'CREATE_CLONE',
  'CREATE_DATABASE',
  'CREATE_REPLICA',
  'CREATE_USER',
  'DEFER_MAINTENANCE',
  'DELETE',
  'DELETE_BACKUP',
  'DELETE_DATABASE',
  'DELETE_USER',
  'DELETE_VOLUME',
  'DEMOTE_MASTER',
  'ENABLE_PRIVATE_IP',
  'EXPORT',
  'FAILOVER',
  'IMPORT',
  'INJECT_USER',
  'LOG_CLEANUP',
  'MAINTENANCE',
  'MAJOR_VERSION_UPGRADE',
  'PROMOTE_REPLICA',
  'RECONFIGURE_OLD_PRIMARY',
  'RECREATE_REPLICA',
  'REENCRYPT',
  'RELEASE_SSRS_LEASE',
  'RESCHEDULE_MAINTENANCE',
  'RESTART',
  'RESTORE_VOLUME',
  'SELF_SERVICE_MAINTENANCE',
  'SNAPSHOT',
  'START_EXTERNAL_SYNC',
  'START_REPLICA',
  'STOP_REPLICA',
  'SWITCHOVER',
  'SWITCHOVER_TO_REPLICA',
  'TRUNCATE_LOG',
  'UPDATE_BACKUP',
  'UPDATE_DATABASE',
  'UPDATE_USER',
]);

export const isOtherType = (operationType = NOT_SAID): boolean => OTHER_TYPES.has(operationType);

/** What this version does not know: the API may name a reset so one day. */
export const isNewType = (operationType = NOT_SAID): boolean =>
  !isUpdate(operationType) && operationType !== NOT_SAID && !isOtherType(operationType);
