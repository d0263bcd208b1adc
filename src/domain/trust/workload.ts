/** What the operator reads of a workload: its selection, its place in the roll, its health. */

import type { WorkloadKind } from './distribution.ts';
import type { Health } from './health.ts';
import type { Pod } from './pod.ts';

/** Annotations of a pod template, all of them under `tls.cloudsql-ssl.dev/`. */
export type TemplateAnnotations = Readonly<Record<string, string>>;

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** Another object that a workload hangs on: its controller, or the one whose pod template it runs. */
export interface OtherObject {
  readonly kind: string;
  readonly name: string;
}

/** Who replaces the pods of an old template. */
export type UpdateStrategy =
  /** Its controller, but for the StatefulSet's pods with an ordinal below `partition`. */
  | { readonly kind: 'Rolling'; readonly partition: number }
  /** Nobody: a new pod comes where somebody deletes an old one. */
  | { readonly kind: 'OnDelete' };

/** How the controller of an Argo Rollout sums it up. */
export interface ArgoStatus {
  /** `Healthy`, `Degraded`, `Progressing` or `Paused`; '' before it was judged first. */
  readonly phase: string;
  readonly message: string;
  /** It is paused until somebody promotes it, not for a time. */
  readonly awaitsPromotion: boolean;
  /** Its phase may be of the template before: its condition `Healthy` is false. */
  readonly isUnconfirmed?: boolean;
  /** Its phase may say only that its pods are to be restarted: its condition `Healthy` is true. */
  readonly awaitsRestart?: boolean;
  /** An analysis that failed, or a person, ended the roll: its pods of the new template go. */
  readonly isAborted?: boolean;
  /** Generation that it has seen of the object whose pod template it runs. */
  readonly observedTemplateGeneration: number;
}

/** Of a StatefulSet whose controller replaces pods by itself, and only while those before them are ready. */
export interface OrderedRoll {
  /** Ordinal of its first pod. */
  readonly firstOrdinal: number;
  /** Revision of the pod template that its controller rolls to, or ''. */
  readonly updateRevision: string;
  /** Pods of the revision before, without those in deletion. */
  readonly currentReplicas: number;
}

/** Files of a Secret that pods mount with a mode that a private key must not have. */
export interface OpenFiles {
  readonly secret: string;
  /** Absent: all of them. */
  readonly keys?: readonly string[];
}

/** Its pods stay, and are told that there is something new. */
export interface Reload {
  /** Pods that are still to be told. */
  readonly untold: readonly Pod[];
  /** How many pods are known to be its own; absent: its ReplicaSets do not have to be counted on. */
  readonly found?: number;
  /** RFC 3339: they were told just now. */
  readonly toldTime?: string;
}

export interface Workload extends WorkloadRef {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations of the workload itself. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Its controller: whatever it writes, the owner may put back. */
  readonly owner?: OtherObject;
  /** The field manager that set fields of the pod template last, besides the operator. */
  readonly templateManager?: string;
  /** The object whose pod template an Argo Rollout runs in place of one of its own. */
  readonly templateFrom?: OtherObject;
  /** Annotations of the pod template: only those under `tls.cloudsql-ssl.dev/`. */
  readonly templateAnnotations: TemplateAnnotations;
  /** What the pod template refers to (volumes, projected, env, envFrom; all container kinds), as `Secret/name` or `ConfigMap/name`. */
  readonly refersTo: readonly string[];
  /** Absent: there are none. */
  readonly openFiles?: readonly OpenFiles[];
  /** Of these, what never changes in a running pod: what is taken by `env`, `envFrom` or a `subPath`. */
  readonly takesOnce: readonly string[];
  /** Selector of its pods, in the API server's syntax. */
  readonly podSelector: string;
  readonly strategy: UpdateStrategy;
  readonly ordered?: OrderedRoll;
  /** What was found out about old pods that keep it from rolling. */
  readonly standstill?: Health;
  /** Present where its pods are told, and not restarted. */
  readonly reload?: Reload;
  readonly generation: number;
  readonly paused: boolean;
  /** It goes, and whatever is changed in it with it. */
  readonly isBeingDeleted?: boolean;
  /** How many pods it is to have: of a DaemonSet, one for each node that fits. */
  readonly desiredReplicas: number;
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly availableReplicas: number;
    /** Reason of the condition `Progressing`, or ''. */
    readonly progressingReason: string;
    /** What its controller says keeps it from acting. */
    readonly problem?: string;
    readonly argo?: ArgoStatus;
  };
}
