import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { type Emulator, startEmulator } from '../cloudsql-emulator/emulator.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { afterwards } from '../support/afterwards.ts';
import { CHART, helm, RELEASE, set } from '../support/helm.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { INSTANCE, PROJECT } from '../support/operator/fixture.ts';
import { type WatchedObjects, watchedObjects } from '../support/operator/watched-objects.ts';
import { PATIENCE } from '../support/patience.ts';
import { openGateway } from './gateway.ts';
import { addressForPods, image } from './given.ts';
import { Reports } from './reports.ts';

const NAME = `${RELEASE}-cloudsql-ssl-operator`;
export const OPERATORS = '--selector=app.kubernetes.io/name=cloudsql-ssl-operator';
const RESTRICTED = 'pod-security.kubernetes.io/enforce=restricted';
const KILLER = new URL('killer.mjs', import.meta.url);
const [repository, tag] = image.split(/:(?=[^:/]*$)/);

/** A person's patience is no matter here either; everything else is as it ships. */
const QUICK = ['--call-window=5s', '--resolve-grace=40s', '--ca-settle=1s'];

/** The operator in two pods, of the image and by the chart, where Pod Security "restricted" is enforced, and its users. */
export interface NodeFixture extends WatchedObjects {
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly reports: Reports;
  /** In the namespace of the users. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** In the namespace of the operator. */
  inOps(args: readonly string[], stdin?: string): Promise<string>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Runs Helm on the release of the operator, and waits. */
  helm(command: string, ...args: readonly string[]): Promise<string>;
  /** The pod that holds the Lease. */
  leader(): Promise<string>;
  /** SIGKILL for the process of the operator in that pod, and resolves when it has been started again. */
  killProcessOf(pod: string): Promise<void>;
  /** How often Cloud SQL was called to reset, and how often it did. */
  callsAndResets(): readonly [number, number];
}

export async function nodeFixture(
  t: TestContext,
  values: Readonly<Record<string, unknown>> = {},
): Promise<NodeFixture> {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const host = await addressForPods(cluster);
  const [ops, namespace] = [await restricted(t, cluster), await restricted(t, cluster)];
  const emulator = await startEmulator({ project: PROJECT, instances: [{ project: PROJECT, name: INSTANCE }] });
  afterwards(t, () => emulator.stop());
  const gateway = await openGateway(t, host, emulator);
  const within =
    (where: string) =>
    (args: readonly string[], stdin?: string): Promise<string> =>
      cluster.kubectl([...args, `--namespace=${where}`], stdin);
  const [kubectl, inOps] = [within(namespace), within(ops)];

  await inOps(['create', 'configmap', 'gateway', `--from-literal=ca.pem=${gateway.ca}`]);
  const run = (...args: readonly string[]) => helm([...args, `--namespace=${ops}`], cluster.kubeconfigPath);
  const onRelease = (command: string, ...args: readonly string[]) => run(command, RELEASE, ...args, '--wait', PATIENCE);
  afterwards(t, () => run('uninstall', RELEASE, '--ignore-not-found', '--wait', PATIENCE));
  const ours = {
    image: { repository, tag, pullPolicy: 'Never' },
    'crds.install': false,
    namespaces: [namespace],
    allowedInstances: [`${PROJECT}/*`],
    'cloudsql.endpoint': gateway.apiUrl,
    extraVolumes: [{ name: 'gateway', configMap: { name: 'gateway' } }],
    extraVolumeMounts: [{ name: 'gateway', mountPath: '/etc/gateway', readOnly: true }],
    extraEnv: [
      { name: 'GCE_METADATA_HOST', value: gateway.metadataHost },
      { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/gateway/ca.pem' },
    ],
    extraArgs: QUICK,
  };
  await onRelease('install', CHART, ...set({ ...ours, ...values }));

  const { kubeconfigPath } = cluster;
  const logs = () => inOps(['logs', OPERATORS, '--prefix', '--tail=200']);
  return {
    namespace,
    emulator,
    reports: await Reports.receive(t, host),
    kubectl,
    inOps,
    apply: async (...items) => {
      await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    },
    helm: onRelease,
    ...watchedObjects(t, { kubeconfigPath, namespace }, logs),
    leader: async () => {
      const holder = await inOps(['get', 'lease', NAME, '--output=jsonpath={.spec.holderIdentity}']);
      return holder.split('_', 1)[0] ?? '';
    },
    killProcessOf: async (pod) => {
      await kill(t, cluster, { pod, node: await inOps(['get', 'pod', pod, '--output=jsonpath={.spec.nodeName}']) });
      await inOps(['wait', `pod/${pod}`, '--for=jsonpath={.status.containerStatuses[0].restartCount}=1', PATIENCE]);
      await inOps(['wait', `pod/${pod}`, '--for=condition=Ready', PATIENCE]);
    },
    callsAndResets: () => [
      emulator.journal.entries({ api: 'resetSslConfig' }).length,
      emulator.journal.executedResets(PROJECT, INSTANCE).length,
    ],
  };
}

async function restricted(t: TestContext, cluster: Cluster): Promise<string> {
  const namespace = await testNamespace(t, cluster);
  await cluster.kubectl(['label', 'namespace', namespace, RESTRICTED]);
  return namespace;
}

/** By a pod that sees all processes of the node, which nothing restricted may: so in a namespace of its own. */
async function kill(
  t: TestContext,
  cluster: Cluster,
  { pod, node }: { readonly pod: string; readonly node: string },
): Promise<void> {
  const namespace = await testNamespace(t, cluster);
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'killer', namespace },
    spec: {
      nodeName: node,
      hostPID: true,
      restartPolicy: 'Never',
      containers: [nodeContainer(await readFile(KILLER, 'utf8'), { POD: pod })],
    },
  };
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify(object));
  const ofKiller = [`--namespace=${namespace}`, 'pod/killer'];
  await cluster.kubectl(['wait', ...ofKiller, '--for=jsonpath={.status.phase}=Succeeded', PATIENCE]);
}

/** A container of the operator's image, which runs this module. */
export const nodeContainer = (module: string, env: Readonly<Record<string, string>>): object => ({
  name: 'app',
  image,
  imagePullPolicy: 'Never',
  command: ['/nodejs/bin/node', '--input-type=module', '--eval', module],
  env: Object.entries(env).map(([name, value]) => ({ name, value })),
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
});
