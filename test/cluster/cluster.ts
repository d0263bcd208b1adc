import type { Kubectl } from './kubectl.ts';

/** A Kubernetes API that tests and the demo may do with as they like. */
export interface Cluster {
  /** Its current context is the only one to use. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  readonly kubectl: Kubectl;
  /** Ends what was started for it; a cluster that was there before stays. */
  stop(): Promise<void>;
  /** Kills the API server at once and starts it again at the same address; resolves when it is ready. */
  restartApiServer(): Promise<void>;
  /** The API server takes connections but answers nothing until it is resumed. */
  pauseApiServer(): Promise<void>;
  resumeApiServer(): Promise<void>;
  /** Drops all history from etcd: a list to be continued from before gets 410 Gone. The API server's watch cache still
   * knows the latest events: only with a restart too does a watch from before get 410. */
  compactEtcd(): Promise<void>;
}
