/** The CR's types as the rest of the code wants them: deeply readonly, from the CRD. */
import { annotations, type DeepReadonly, type Metadata } from '../object.ts';
import type { CloudSqlSslResetSpec, CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';

export const KIND = 'CloudSqlSslReset';
export const PLURAL = 'cloudsqlsslresets';

export type Spec = DeepReadonly<CloudSqlSslResetSpec>;
export type Status = DeepReadonly<CloudSqlSslResetStatus>;
export type Request = NonNullable<Status['request']>;
export type Plan = NonNullable<Status['plan']>;
export type HistoryEntry = NonNullable<Status['history']>[number];

export interface SslReset {
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status: Status;
}

/** A brake: whatever its value may mean holds the reset back, but for "false". */
export const isSuspended = ({ metadata }: SslReset): boolean =>
  (metadata.annotations[annotations.suspend] ?? 'false') !== 'false';
