/** What the objects of every kind have in common. */
import type { CloudSqlSslResetStatus } from './ssl-reset.generated.ts';

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export const GROUP = 'cloudsql-ssl.dev';
export const VERSION = 'v1alpha1';

export interface KindNames {
  readonly name: string;
  /** As the API server and its rules of access know it. */
  readonly plural: string;
  /** The metrics of its objects begin with this. */
  readonly metrics: string;
}

export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** The field manager that set the annotation `approve` last; absent where it is not there. */
  readonly approvalManager?: string;
  /** Absent where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

export type Condition = DeepReadonly<NonNullable<CloudSqlSslResetStatus['conditions']>[number]>;

/** Annotations that users write, and the one by which a published object remembers. None of them bumps the generation. */
export const annotations = {
  suspend: `${GROUP}/suspend`,
  retry: `${GROUP}/retry`,
  wave: `${GROUP}/wave`,
  rollout: `${GROUP}/rollout`,
  pickUp: `${GROUP}/pick-up`,
  managedBy: `${GROUP}/managed-by`,
  passwordFor: `${GROUP}/password-for`,
  allowedInstances: `${GROUP}/allowed-instances`,
  rotatableInstances: `${GROUP}/rotatable-instances`,
  followableInstances: `${GROUP}/followable-instances`,
  windows: `${GROUP}/windows`,
  approve: `${GROUP}/approve`,
  approval: `${GROUP}/approval`,
  rejectedServerCas: `${GROUP}/rejected-server-cas`,
} as const;

/**
 * The value of `retry`, as much of it as status keeps, as the API server gives it back: JSON of Go has no half of a
 * character. A blank one, from a variable that is not set say, is nobody's word.
 */
export function retryValue({ metadata }: { readonly metadata: Metadata }): string | undefined {
  const value = metadata.annotations[annotations.retry];
  return value?.trim() === '' ? undefined : value?.slice(0, 1024).toWellFormed();
}

/** The label by which Deployments are found when the spec has no selector. */
export const INSTANCE_LABEL = `${GROUP}/instance`;

/** The field manager of every write. It must not start with "kubectl": Argo CD takes those for human drift. */
export const FIELD_MANAGER = 'cloudsql-ssl-operator';
