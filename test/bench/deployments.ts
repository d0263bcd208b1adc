/** Deployments whose pods the fake kubelet plays. */
import { AppsV1Api } from '@kubernetes/client-node';
import type { Lab } from './lab.ts';
import { forEach } from './resets.ts';

export const INSTANCE_LABEL = 'cloudsql-ssl.dev/instance';

export interface DeploymentOptions {
  /** The instance that they depend on; absent: none. */
  readonly instance?: string;
  readonly replicas?: number;
  /** No pod is made, and nothing is rolled: the controllers have no work with it. */
  readonly paused?: boolean;
  /** What is to be annotated, by its name. */
  readonly annotations?: (name: string) => Readonly<Record<string, string>>;
  /** Of the pod, besides one container that does nothing or instead of it. */
  readonly pod?: object;
}

export async function createDeployments(
  lab: Lab,
  namespace: string,
  names: readonly string[],
  { instance, replicas = 1, paused = false, annotations = () => ({}), pod = {} }: DeploymentOptions,
): Promise<void> {
  const apps = lab.client.api(AppsV1Api);
  await forEach(names, 20, (name) =>
    apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: {
          name,
          labels: { app: name, ...(instance !== undefined && { [INSTANCE_LABEL]: instance }) },
          annotations: annotations(name),
        },
        spec: {
          replicas,
          paused,
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1, ...pod },
          },
        },
      },
    }),
  );
}

/** Resolves when all pods of the namespace's Deployments are up to date and available. */
export async function untilHealthy(lab: Lab, namespace: string): Promise<void> {
  const all = ['rollout', 'status', 'deployment', `--namespace=${namespace}`, '--timeout=15m'];
  await lab.cluster.kubectl(all);
}
