import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { objectAt, textAt } from '../../src/lib/json.ts';
import { findOrBuildArgoCd } from '../cluster/binaries.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { DaemonGroup } from '../cluster/daemon-group.ts';
import { untilEstablished } from '../cluster/established.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import { logToStderr } from '../cluster/log.ts';
import { freePorts } from '../cluster/ports.ts';
import { testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const run = promisify(execFile);

const SNIPPET = new URL('../../docs/gitops/argocd/argocd-cm.yaml', import.meta.url);
const POLL_MS = 50;
const ANSWER_MS = 10_000;

/** What this project ships for argocd-cm. */
export const shippedSettings: Readonly<Record<string, string>> = z
  .object({ data: z.record(z.string(), z.string()) })
  .parse(parse(await readFile(SNIPPET, 'utf8'))).data;

/** A real Argo CD without its user interface, which works on the cluster that it is on. */
export interface ArgoCd {
  readonly cluster: Cluster;
  /** Its Applications live there. */
  readonly namespace: string;
  /** Does some work that needs it: rejects, with the last lines of its log, as soon as a program of it ends. */
  whileItRuns<T>(work: () => Promise<T>): Promise<T>;
  /** Starts its API server, which asks nobody who they are, and answers its command line, which prints what it is asked for. */
  startServer(): Promise<CommandLine>;
}

export type CommandLine = (args: readonly string[]) => Promise<string>;

interface Cleanup {
  after(fn: () => Promise<void>): void;
}

/** Starts one with these entries of argocd-cm, and resolves when it answers. It ends with `t`, or with this process. */
export async function startArgoCd(t: Cleanup, cluster: Cluster, settings = shippedSettings): Promise<ArgoCd> {
  const pathOf = await findOrBuildArgoCd({ log: logToStderr });
  const namespace = await testNamespace(t, cluster);
  await install(cluster, namespace, pathOf('argo-cd.yaml'), settings);

  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-argo-cd-'));
  const releaseDirectory = removeFolderAfterUs(directory);
  const daemons = new DaemonGroup({ directory, onUnexpectedEnd: logToStderr });
  t.after(async () => {
    await daemons.killAll();
    await rm(directory, { recursive: true, force: true });
    releaseDirectory();
  });
  const env = await environment(directory, cluster);
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
  await untilHealthy(daemons, 'argocd-repo-server', repoMetrics);
  start('argocd-application-controller', [
    `--repo-server=127.0.0.1:${repoPort}`,
    '--repo-server-plaintext',
    `--metrics-port=${controllerMetrics}`,
    `--namespace=${namespace}`,
    `--kubeconfig=${cluster.kubeconfigPath}`,
    // What its user interface reads from redis.
    '--persist-resource-health=true',
  ]);
  await untilHealthy(daemons, 'argocd-application-controller', controllerMetrics);
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
    await untilHealthy(daemons, 'argocd-server', port);
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

/** Nothing of the user's: no settings of Git, no folder of temporary files that outlives it. */
async function environment(directory: string, { kubeconfigPath }: Cluster): Promise<NodeJS.ProcessEnv> {
  const folderOf = async (name: string): Promise<string> => {
    const folder = join(directory, name);
    await mkdir(folder);
    return folder;
  };
  return {
    HOME: await folderOf('home'),
    TMPDIR: await folderOf('tmp'),
    ARGOCD_SSH_DATA_PATH: await folderOf('ssh'),
    ARGOCD_TLS_DATA_PATH: await folderOf('tls'),
    ARGOCD_ASK_PASS_SOCK: join(directory, 'ask-pass.sock'),
    ARGOCD_GPG_ENABLED: 'false',
    // The cluster that it takes itself to be in is the one of KUBECONFIG.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    KUBECONFIG: kubeconfigPath,
  };
}

/** Its CRDs and its ConfigMaps as it ships them, then our entries as the docs say: by a merge. */
async function install(
  { kubectl }: Cluster,
  namespace: string,
  manifests: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const all = parseAllDocuments(await readFile(manifests, 'utf8')).map((each): unknown => each.toJS());
  const isCrd = (object: unknown): boolean => textAt(object, 'kind') === 'CustomResourceDefinition';
  const apply = async (items: readonly unknown[], ...flags: readonly string[]): Promise<void> => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubectl(['apply', '--server-side', '--force-conflicts', ...flags, '-f', '-'], list);
  };
  const crds = all.filter(isCrd);
  await apply(crds);
  for (const crd of crds) await untilEstablished(kubectl, textAt(objectAt(crd, 'metadata'), 'name'));
  await apply(
    all.filter((object) => object !== null && !isCrd(object)),
    `--namespace=${namespace}`,
  );
  const patch = JSON.stringify({ data: settings });
  await kubectl([`--namespace=${namespace}`, 'patch', 'configmap', 'argocd-cm', '--type=merge', `--patch=${patch}`]);
}

/** Rejects with the last lines of its log, also where it stays and says nothing. */
async function untilHealthy(daemons: DaemonGroup, name: string, port: number): Promise<void> {
  await daemons.whileAllRun(async (signal) => {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    // There is no event of it, but a path that says so.
    while (!signal.aborted && !(await isHealthy(port))) {
      if (deadline.aborted)
        throw new Error(`${name} was not ready after ${PATIENCE_MS / 1000} s. ${await daemons.lastWords(name)}`);
      await pause(POLL_MS);
    }
  });
}

const isHealthy = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
