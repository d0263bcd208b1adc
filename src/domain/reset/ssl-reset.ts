/** The CR's types as the rest of the code wants them: deeply readonly, from the CRD. */
import { annotations, type DeepReadonly, type Metadata } from '../object.ts';
import type { CloudSqlSslResetSpec, CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';

export const KIND = 'CloudSqlSslReset';
export const PLURAL = 'cloudsqlsslresets';

export type Spec = DeepReadonly<CloudSqlSslResetSpec>;
export type Status = DeepReadonly<CloudSqlSslResetStatus>;
export type Request = NonNullable<Status['request']>;
export type HistoryEntry = NonNullable<Status['history']>[number];

export interface SslReset {
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status: Status;
}

/** A brake: whatever its value may mean holds the reset back, but for "false". */
export const isSuspended = ({ metadata }: SslReset): boolean =>
  (metadata.annotations[annotations.suspend] ?? 'false') !== 'false';

/**
 * As much of the value as status keeps, as the API server gives it back: JSON of Go has no half of a character. A blank
 * one, from a variable that is not set say, is nobody's word.
 */
export function retryValue({ metadata }: SslReset): string | undefined {
  const value = metadata.annotations[annotations.retry];
  return value?.trim() === '' ? undefined : value?.slice(0, 1024).toWellFormed();
}
