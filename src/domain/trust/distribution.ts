/** What is published of an instance, and who is rolled for it: the same for an object of any kind. */
import type { InstanceRef } from '../instance.ts';
import type { DeepReadonly, Metadata } from '../object.ts';
import type { CloudSqlSslResetSpec, CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';

type Spec = DeepReadonly<CloudSqlSslResetSpec>;
type Status = DeepReadonly<CloudSqlSslResetStatus>;

/** That much of an object. */
export interface Distribution {
  readonly metadata: Metadata;
  /** Its value of `managed-by` on what it publishes; absent: its name alone. */
  readonly managedBy?: string;
  readonly spec: DistributionSpec;
  readonly status: Pick<Status, 'serverCa' | 'clientCertificates' | 'rollout'>;
}

export type DistributionSpec = InstanceRef &
  Pick<Spec, 'clientCertificates' | 'rollout'> & { readonly serverCa?: ServerCaSpec };

/** Without `contents`: all that is given. */
export type ServerCaSpec = Omit<WantedServerCa, 'contents'> & Partial<Pick<WantedServerCa, 'contents'>>;
type WantedServerCa = NonNullable<Spec['serverCa']>;

export type WantedCertificate = NonNullable<Spec['clientCertificates']>[number];
export type RolloutSpec = Spec['rollout'];
export type LabelSelector = NonNullable<RolloutSpec['selector']>;
/** As the CRD names them; `WORKLOAD_KINDS` says what is known of each. */
export type WorkloadKind = RolloutSpec['kinds'][number];

export type ServerCaStatus = NonNullable<Status['serverCa']>;
export type ClientCertificateStatus = NonNullable<Status['clientCertificates']>[number];
export type RolloutStatus = NonNullable<Status['rollout']>;
export type WorkloadStatus = NonNullable<RolloutStatus['workloads']>[number];
