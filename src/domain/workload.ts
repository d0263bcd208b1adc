/** What the operator reads of a workload: its selection, its place in the roll, its health. */

/** `Rollout` is that of argoproj.io. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout';

/** Annotations of a pod template, all of them under `tls.cloudsql-ssl.dev/`. */
export type TemplateAnnotations = Readonly<Record<string, string>>;

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

export interface Workload extends WorkloadRef {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations of the workload itself. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations of the pod template: only those under `tls.cloudsql-ssl.dev/`. */
  readonly templateAnnotations: TemplateAnnotations;
  /** Names of the Secrets and ConfigMaps that the pod template refers to (volumes, projected, env, envFrom; all container kinds). */
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
  readonly generation: number;
  readonly paused: boolean;
  /** `spec.replicas`, 1 where absent. */
  readonly desiredReplicas: number;
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly availableReplicas: number;
    /** Reason of the condition `Progressing`, or ''. */
    readonly progressingReason: string;
  };
}
