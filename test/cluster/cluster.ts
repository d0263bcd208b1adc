import type { Kubectl } from './kubectl.ts';

/** A Kubernetes API that tests and the demo may do with as they like. */
export interface Cluster extends Disruptions {
  /** Its current context is the only one to use. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  readonly kubectl: Kubectl;
  /** Ends what was started for it; a cluster that was there before stays. */
  stop(): Promise<void>;
}

/** What can be done to a control plane of our own, and to no other: with a cluster that was given, they reject. */
export interface Disruptions {
  /** Kills the API server at once and starts it again at the same address; resolves when it is ready. */
  restartApiServer(): Promise<void>;
  /** From now on the API server answers nothing, though connections to it open, until it is resumed. */
  pauseApiServer(): Promise<void>;
  resumeApiServer(): Promise<void>;
  /**
   * Drops all history from etcd. The API server's watch cache still knows the latest events: a watch from an older
   * resourceVersion gets 410 Gone only when the API server is restarted after this.
   */
  compactEtcd(): Promise<void>;
}

export const DISRUPTIONS: readonly (keyof Disruptions)[] = [
  'restartApiServer',
  'pauseApiServer',
  'resumeApiServer',
  'compactEtcd',
];
