import { findOrBuildFlux } from '../cluster/binaries.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { logToStderr } from '../cluster/log.ts';
import { freePorts } from '../cluster/ports.ts';
import { testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { applyManifests } from './manifests.ts';
import { type Cleanup, programsOf, type Tool } from './programs.ts';

/** A real Flux, as much of it as applies Git repositories, which works on the cluster that it is given. */
export type Flux = Tool;

/**
 * Starts one that looks at a namespace of its own alone, and resolves when it is ready. It ends with `t`, or with this
 * process.
 */
export async function startFlux(t: Cleanup, cluster: Cluster, flags: readonly string[] = []): Promise<Flux> {
  const pathOf = await findOrBuildFlux({ log: logToStderr });
  const namespace = await testNamespace(t, cluster);
  for (const part of ['source-controller.yaml', 'kustomize-controller.yaml'] as const)
    await applyManifests(cluster, namespace, pathOf(part));

  const { daemons, env, folder, untilHealthy } = await programsOf(t, 'flux', cluster);
  const [storage = 0, ...ports] = await freePorts(5);
  const [sourceHealth = 0, sourceMetrics = 0, kustomizeHealth = 0, kustomizeMetrics = 0] = ports;
  const start = (name: 'source-controller' | 'kustomize-controller', args: readonly string[]): void =>
    daemons.start(name, pathOf(name), ['--watch-all-namespaces=false', ...args], {
      ...env,
      RUNTIME_NAMESPACE: namespace,
    });
  start('source-controller', [
    `--health-addr=127.0.0.1:${sourceHealth}`,
    `--metrics-addr=127.0.0.1:${sourceMetrics}`,
    `--storage-addr=127.0.0.1:${storage}`,
    `--storage-adv-addr=127.0.0.1:${storage}`,
    `--storage-path=${await folder('storage')}`,
  ]);
  start('kustomize-controller', [
    `--health-addr=127.0.0.1:${kustomizeHealth}`,
    `--metrics-addr=127.0.0.1:${kustomizeMetrics}`,
    // As many as no test shares: each that waits occupies one.
    '--concurrent=20',
    '--requeue-dependency=1s',
    ...flags,
  ]);
  await untilHealthy('source-controller', sourceHealth);
  await untilHealthy('kustomize-controller', kustomizeHealth);
  return { cluster, namespace, whileItRuns: (work) => daemons.whileAllRun(work) };
}
