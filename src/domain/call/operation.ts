/** An operation of Cloud SQL, and what a record keeps from before the call that began it. */
import type { DeepReadonly } from '../object.ts';
import type { CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';

export type Operation = DeepReadonly<NonNullable<CloudSqlSslResetStatus['operation']>>;

type Request = DeepReadonly<NonNullable<CloudSqlSslResetStatus['request']>>;
export type Before = NonNullable<Request['before']>;

export const isDone = (operation: Operation): boolean => operation.status === 'DONE';

export const findRunning = (operations: readonly Operation[]): Operation | undefined =>
  operations.find((operation) => !isDone(operation));
