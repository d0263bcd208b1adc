/** The CR's types as the rest of the code wants them: deeply readonly, from the CRD. */
import type { CloudSqlSslResetSpec, CloudSqlSslResetStatus } from './ssl-reset.generated.ts';

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export const GROUP = 'cloudsql-ssl.dev';
export const VERSION = 'v1alpha1';
export const KIND = 'CloudSqlSslReset';
export const PLURAL = 'cloudsqlsslresets';

export type Spec = DeepReadonly<CloudSqlSslResetSpec>;
export type Status = DeepReadonly<CloudSqlSslResetStatus>;
export type Condition = NonNullable<Status['conditions']>[number];
export type Operation = NonNullable<Status['operation']>;
export type Request = NonNullable<Status['request']>;
export type Before = NonNullable<Request['before']>;
export type ServerCaStatus = NonNullable<Status['serverCa']>;
export type ClientCertificateStatus = NonNullable<Status['clientCertificates']>[number];
export type RolloutStatus = NonNullable<Status['rollout']>;
export type WorkloadStatus = NonNullable<RolloutStatus['workloads']>[number];
export type HistoryEntry = NonNullable<Status['history']>[number];

export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

export interface SslReset {
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status: Status;
}

/** A Cloud SQL instance. */
export interface InstanceRef {
  readonly project: string;
  readonly instance: string;
}

/** Of an instance, among all. Joined: V8 holds a template's text as its parts, three times as large. */
export const instanceKey = ({ project, instance }: InstanceRef): string => [project, instance].join('/');

/** Annotations that users write. None of them bumps the generation. */
export const annotations = {
  suspend: `${GROUP}/suspend`,
  retry: `${GROUP}/retry`,
  wave: `${GROUP}/wave`,
  rollout: `${GROUP}/rollout`,
  managedBy: `${GROUP}/managed-by`,
  allowedInstances: `${GROUP}/allowed-instances`,
} as const;

/** The label by which Deployments are found when the spec has no selector. */
export const INSTANCE_LABEL = `${GROUP}/instance`;

/** The field manager of every write. It must not start with "kubectl": Argo CD takes those for human drift. */
export const FIELD_MANAGER = 'cloudsql-ssl-operator';

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
