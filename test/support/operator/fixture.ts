import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../cloudsql-emulator/emulator.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { afterwards } from '../afterwards.ts';
import { mustHoldNoCredentials } from '../credentials-in.ts';
import { installCrd } from '../kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../kubernetes/shared-cluster.ts';
import { Program } from './program.ts';
import { type WatchedObjects, watchedObjects } from './watched-objects.ts';

export const PROJECT = 'acme-prod';
export const INSTANCE = 'orders-db';

/**
 * Delays of a person's patience would make tests of minutes; everything else is as it ships. What bounds a call is roomy:
 * an answer that a busy machine keeps back is none that is lost.
 */
export const QUICK = [
  '--call-window=5s',
  '--request-timeout=10s',
  '--resolve-grace=16s',
  '--ca-settle=1s',
  '--poll-min=100ms',
  '--poll-max=500ms',
  '--retry-min=100ms',
  '--retry-max=500ms',
  '--shutdown-timeout=60s',
  '--health-address=127.0.0.1:0',
  '--metrics-address=127.0.0.1:0',
  // All that it can say is searched for credentials.
  '--log-level=trace',
  // Operators that run side by side are no replicas of each other.
  '--leader-elect=false',
];

export interface FixtureOptions {
  readonly emulator?: EmulatorOptions;
  /** Another fixture, whose Cloud SQL this one shares, with the same account: as of another cluster. */
  readonly beside?: Pick<OperatorFixture, 'emulator'>;
  readonly flags?: readonly string[];
  /** Environment of the operator, besides that of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  /** The namespace may reset the instances of the project; default true. */
  readonly isAllowed?: boolean;
}

/** One namespace, one Cloud SQL, one operator that works in just that namespace. */
export interface OperatorFixture extends WatchedObjects {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly operator: Program;
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Starts another operator, after the last one was killed or beside it. */
  restartOperator(flags?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Program>;
  /** How often Cloud SQL has executed a reset of the instance. */
  resets(instance?: string): number;
}

export async function operatorFixture(t: TestContext, options: FixtureOptions = {}): Promise<OperatorFixture> {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const namespace = await testNamespace(t, cluster);
  const emulator = options.beside?.emulator ?? (await ownEmulator(t, options.emulator));
  const kubectl = (args: readonly string[], stdin?: string) =>
    cluster.kubectl([...args, `--namespace=${namespace}`], stdin);

  const { kubeconfigPath } = cluster;
  const watched = watchedObjects(t, { kubeconfigPath, namespace }, () => operator.log);

  const programs: Program[] = [];
  const start = (flags: readonly string[], env: NodeJS.ProcessEnv = {}): Program => {
    const program = new Program(
      [
        `--kubeconfig=${kubeconfigPath}`,
        `--namespaces=${namespace}`,
        `--lease-namespace=${namespace}`,
        `--cloudsql-endpoint=${emulator.apiUrl}`,
        ...(options.isAllowed === false ? [] : [`--allowed-instances=${PROJECT}/*`]),
        ...QUICK,
        ...(options.flags ?? []),
        ...flags,
      ],
      { ...process.env, GCE_METADATA_HOST: emulator.metadataHost, ...options.env, ...env },
    );
    programs.push(program);
    return program;
  };
  afterwards(t, () => Promise.all(programs.map((program) => program.kill())));
  // Before they are killed, and the namespace goes.
  afterwards(t, () => lookForCredentials());
  let operator = start([]);
  await operator.ready();

  async function lookForCredentials(): Promise<void> {
    const told = await kubectl([
      'get',
      'cloudsqlsslresets,cloudsqlservercas,events.events.k8s.io,deployments',
      '--output=json',
    ]);
    mustHoldNoCredentials('A status, an event or a workload', told);
    if (operator.isAlive) mustHoldNoCredentials('/metrics', await operator.metrics());
  }

  return {
    cluster,
    namespace,
    emulator,
    kubectl,
    get operator() {
      return operator;
    },
    apply: async (...objects) => {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      await kubectl(['apply', '-f', '-'], JSON.stringify(list));
    },
    ...watched,
    restartOperator: async (flags = [], env = {}) => {
      operator = start(flags, env);
      await operator.ready();
      return operator;
    },
    resets: (instance = INSTANCE) => emulator.journal.executedResets(PROJECT, instance).length,
  };
}

async function ownEmulator(t: TestContext, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({
    project: PROJECT,
    instances: [{ project: PROJECT, name: INSTANCE }],
    ...options,
  });
  afterwards(t, () => emulator.stop());
  return emulator;
}

/** The condition Ready speaks of the object's own generation, and has this reason. */
export const hasReason =
  (reason: string) =>
  ({ metadata: { generation }, status }: SslReset): boolean => {
    const ready = findCondition(status.conditions, 'Ready');
    return ready?.reason === reason && ready.observedGeneration === generation;
  };

export const isReady = hasReason('Complete');

/** Ready again after a pass that began later than that status. */
export const isReadyWith = (generation: number) => (reset: SslReset) =>
  isReady(reset) && reset.metadata.generation === generation;

/** The active server CA of the instance, as Cloud SQL has it. */
export const activeCa = ({ emulator }: Pick<OperatorFixture, 'emulator'>, instance = INSTANCE) => {
  const certificate = emulator.instance(PROJECT, instance).active?.authority.certificate;
  assert.ok(certificate, 'the instance has no CA');
  return certificate;
};

/** A CloudSqlSslReset named db. */
export const reset = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlSslReset',
  metadata: { name: 'db', ...metadata },
  spec: { project: PROJECT, instance: INSTANCE, ...spec },
});

/** A Deployment that depends on the instance by its label. */
export const deployment = (
  name: string,
  { labels = {}, spec = {}, pod = {} }: { labels?: object; spec?: object; pod?: object } = {},
): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { 'cloudsql-ssl.dev/instance': INSTANCE, ...labels } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1, ...pod },
    },
    ...spec,
  },
});
