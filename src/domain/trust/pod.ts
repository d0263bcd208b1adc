/** What the operator reads of a pod: how it stands in the way of a roll, and what it was told. */
import type { TemplateAnnotations, Workload } from './workload.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** uid of its controller, or ''. */
  readonly ownerUid: string;
  /** Name of its controller, or ''. */
  readonly ownerName: string;
  /** Revision of the pod template that it was made from, or ''. */
  readonly revision: string;
  /** The same by a controller that makes a ReplicaSet of each template, or ''. */
  readonly templateHash: string;
  /** RFC 3339, in seconds, by the API server's clock. */
  readonly createdTime: string;
  /** Annotations of its own, not of its template: only those under `reload.cloudsql-ssl.dev/`. */
  readonly told: Readonly<Record<string, string>>;
  readonly isReady: boolean;
  /** When its readiness changed last, as the API server writes it; '' where it has not. */
  readonly readinessTime: string;
  readonly isBeingDeleted: boolean;
  /** It has failed or ended: its controller replaces it in any case. */
  readonly isOver: boolean;
}

export const POD_ANNOTATIONS = 'reload.cloudsql-ssl.dev/';

/** What a pod is told, in place of what the pod template would carry. */
export const podAnnotations = (wanted: TemplateAnnotations): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(wanted).map(([key, value]) => [podAnnotationKey(key), value]));

/** @param templateKey the key of the same value on a pod template */
export const podAnnotationKey = (templateKey: string): string =>
  `${POD_ANNOTATIONS}${templateKey.slice(templateKey.indexOf('/') + 1)}`;

/**
 * The pods of the workload that are there to stay, among all that its selector selects: another workload's pods may carry
 * its labels, and more. Deployments and Argo Rollouts name a ReplicaSet by themselves and the hash of its template.
 */
export function podsOf(workload: Workload, selected: readonly Pod[]): readonly Pod[] {
  const { kind, name, uid } = workload;
  const isOwn = ({ ownerUid, ownerName, templateHash }: Pod): boolean =>
    WORKLOAD_KINDS[kind].hasReplicaSets
      ? templateHash !== '' && ownerName === `${name}-${templateHash}`
      : ownerUid === uid;
  return selected.filter((pod) => isOwn(pod) && !pod.isBeingDeleted && !pod.isOver);
}
