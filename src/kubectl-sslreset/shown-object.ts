/** An object as kubectl prints it: of any kind of the operator, and of any version of its CRD. */
import type { DeepReadonly, Metadata } from '../domain/object.ts';
import type { Spec, Status } from '../domain/reset/ssl-reset.ts';
import type { Spec as ServerCaSpec, Status as ServerCaStatus } from '../domain/server-ca/server-ca-object.ts';

type Entry<T extends { readonly history?: readonly unknown[] }> = NonNullable<T['history']>[number];

/** What the kinds have in common. A status that nobody has written yet is absent. */
export interface ShownObject {
  readonly kind: string;
  readonly metadata: Pick<Metadata, 'namespace' | 'name' | 'generation' | 'deletionTimestamp'> &
    Partial<Pick<Metadata, 'annotations'>>;
  readonly spec: Pick<Spec, 'project' | 'instance' | 'requestId'> & {
    readonly rotation?: Partial<ServerCaSpec['rotation']>;
  } & DeepReadonly<Record<string, unknown>>;
  readonly status?: Pick<
    Status,
    'observedGeneration' | 'conditions' | 'operation' | 'request' | 'serverCa' | 'clientCertificates' | 'rollout'
  > &
    Pick<ServerCaStatus, 'serverCas' | 'certificates' | 'publishedTo' | 'retry' | 'rotation' | 'executedRequestIds'> & {
      readonly plan?: ShownPlan;
      readonly history?: readonly (Entry<Status> | Entry<ServerCaStatus>)[];
    };
}

/** What the next call of a reset will do, or the rotation that is due. */
export type ShownPlan = NonNullable<Status['plan']> & Pick<NonNullable<ServerCaStatus['plan']>, 'adopts' | 'replaces'>;

export type ShownStatus = NonNullable<ShownObject['status']>;

/** `namespace/name`, by which people know it. */
export const nameOf = ({ metadata: { namespace, name } }: ShownObject): string => `${namespace}/${name}`;

export const keyOf = (object: ShownObject): string => `${object.kind} ${nameOf(object)}`;

/** The operator has not seen the spec that is there: what the status says is of an older one. */
export const isOutdated = ({ metadata, status }: ShownObject): boolean =>
  (status?.observedGeneration ?? -1) < metadata.generation;
