import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { findOrBuildArgoCd } from '../cluster/binaries.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { logToStderr } from '../cluster/log.ts';
import { freePorts } from '../cluster/ports.ts';
import { testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { applyManifests } from './manifests.ts';
import { type Cleanup, type Programs, programsOf, type Tool } from './programs.ts';

const run = promisify(execFile);

const SNIPPET = new URL('../../docs/gitops/argocd/argocd-cm.yaml', import.meta.url);

/** What this project ships for argocd-cm. */
export const shippedSettings: Readonly<Record<string, string>> = z
  .object({ data: z.record(z.string(), z.string()) })
  .parse(parse(await readFile(SNIPPET, 'utf8'))).data;

/** A real Argo CD without its user interface, which works on the cluster that it is on. */
export interface ArgoCd extends Tool {
  /** Starts its API server, which asks nobody who they are, and answers its command line, which prints what it is asked for. */
  startServer(): Promise<CommandLine>;
}

export type CommandLine = (args: readonly string[]) => Promise<string>;

/** Starts one with these entries of argocd-cm, and resolves when it answers. It ends with `t`, or with this process. */
export async function startArgoCd(t: Cleanup, cluster: Cluster, settings = shippedSettings): Promise<ArgoCd> {
  const pathOf = await findOrBuildArgoCd({ log: logToStderr });
  const namespace = await testNamespace(t, cluster);
  await install(cluster, namespace, pathOf('argo-cd.yaml'), settings);

  const programs = await programsOf(t, 'argo-cd', cluster);
  const { daemons, untilHealthy } = programs;
  const env = await environment(programs);
  const [redisPort = 0, repoPort = 0, repoMetrics = 0, controllerMetrics = 0] = await freePorts(4);
  const start = (name: string, args: readonly string[]): void =>
    daemons.start(name, pathOf('argocd'), [`--redis=127.0.0.1:${redisPort}`, ...args], {
      ...env,
      ARGOCD_BINARY_NAME: name,
    });
  daemons.start('redis', pathOf('redis'), [`127.0.0.1:${redisPort}`]);
  start('argocd-repo-server', [
    '--address=127.0.0.1',
    `--port=${repoPort}`,
    '--metrics-address=127.0.0.1',
    `--metrics-port=${repoMetrics}`,
    '--disable-tls',
  ]);
  // Before the controller, which does not ask it again for minutes.
  await untilHealthy('argocd-repo-server', repoMetrics);
  start('argocd-application-controller', [
    `--repo-server=127.0.0.1:${repoPort}`,
    '--repo-server-plaintext',
    `--metrics-port=${controllerMetrics}`,
    `--namespace=${namespace}`,
    `--kubeconfig=${cluster.kubeconfigPath}`,
    // What its user interface reads from redis.
    '--persist-resource-health=true',
  ]);
  await untilHealthy('argocd-application-controller', controllerMetrics);
  const startServer = async (): Promise<CommandLine> => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    start('argocd-server', [
      '--address=127.0.0.1',
      `--port=${port}`,
      '--metrics-address=127.0.0.1',
      `--metrics-port=${metricsPort}`,
      '--insecure',
      '--disable-auth',
      `--repo-server=127.0.0.1:${repoPort}`,
      '--repo-server-plaintext',
      `--namespace=${namespace}`,
      `--kubeconfig=${cluster.kubeconfigPath}`,
    ]);
    await untilHealthy('argocd-server', port);
    const flags = [`--server=127.0.0.1:${port}`, '--plaintext'];
    return async (args) =>
      (
        await run(pathOf('argocd'), [...args, ...flags], {
          env: { ...process.env, ...env, ARGOCD_BINARY_NAME: 'argocd' },
        })
      ).stdout;
  };
  return { cluster, namespace, whileItRuns: (work) => daemons.whileAllRun(work), startServer };
}

async function environment({ env, folder, path }: Programs): Promise<NodeJS.ProcessEnv> {
  return {
    ...env,
    ARGOCD_SSH_DATA_PATH: await folder('ssh'),
    ARGOCD_TLS_DATA_PATH: await folder('tls'),
    ARGOCD_ASK_PASS_SOCK: path('ask-pass.sock'),
    ARGOCD_GPG_ENABLED: 'false',
    // The cluster that it takes itself to be in is the one of KUBECONFIG.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
  };
}

/** Its CRDs and its ConfigMaps as it ships them, then our entries as the docs say: by a merge. */
async function install(
  cluster: Cluster,
  namespace: string,
  manifests: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  await applyManifests(cluster, namespace, manifests);
  const patch = JSON.stringify({ data: settings });
  await cluster.kubectl([
    `--namespace=${namespace}`,
    'patch',
    'configmap',
    'argocd-cm',
    '--type=merge',
    `--patch=${patch}`,
  ]);
}
