import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findKubectl, findOrBuildArgoRollouts } from '../cluster/binaries.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { logToStderr } from '../cluster/log.ts';
import { testClient } from '../support/kubernetes/test-client.ts';
import { type FixtureOptions, INSTANCE, type OperatorFixture, operatorFixture } from '../support/operator/fixture.ts';
import { applyManifests } from './manifests.ts';
import { type Cleanup, programsOf } from './programs.ts';
import { WatchedObject } from './watched-object.ts';

const CONTROLLER = 'rollouts-controller';

/** Argo Rollouts' real controller and plugin, on the cluster that it works on. */
export interface ArgoRollouts {
  /** Does some work that needs it: rejects, with the last lines of its log, as soon as it ends. */
  whileItRuns<T>(work: () => Promise<T>): Promise<T>;
  /** It sees nothing of the work until that is done, as while it is upgraded. */
  whileItStandsStill(work: () => Promise<void>): Promise<void>;
  /** Has a shell run a command as a person would, whose kubectl has the plugin. Answers what it printed. */
  run(command: string): Promise<string>;
}

/** It ends with `t`, or with this process. */
export async function startArgoRollouts(t: Cleanup, cluster: Cluster): Promise<ArgoRollouts> {
  const pathOf = await findOrBuildArgoRollouts({ log: logToStderr });
  // It ships CRDs alone, which have no namespace.
  await applyManifests(cluster, '', pathOf('argo-rollouts.yaml'));
  const { daemons, env } = await programsOf(t, 'argo-rollouts', cluster);
  const flags = ['--leader-elect=false', `--kubeconfig=${cluster.kubeconfigPath}`];
  // It would serve metrics and health on every address of the machine: it says that it cannot, and goes on.
  daemons.start(CONTROLLER, pathOf(CONTROLLER), [...flags, '--metricsPort=-1', '--healthzPort=-1'], env);
  const path = [dirname(pathOf('kubectl-argo-rollouts')), dirname(findKubectl()), process.env.PATH].join(delimiter);
  return {
    whileItRuns: (work) => daemons.whileAllRun(work),
    async whileItStandsStill(work) {
      daemons.signal(CONTROLLER, 'SIGSTOP');
      try {
        await work();
      } finally {
        daemons.signal(CONTROLLER, 'SIGCONT');
      }
    },
    async run(command) {
      const options = { env: { ...process.env, ...env, PATH: path, KUBERC: 'off' } };
      return (await promisify(execFile)('sh', ['-c', command], options)).stdout;
    },
  };
}

const counts = z.number().default(0);

/** A Rollout, as much of it as the tests look at. */
const rolloutSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), generation: z.number() }),
  spec: z.object({ restartAt: z.string().optional() }),
  status: z
    .object({
      observedGeneration: z.string().default(''),
      phase: z.string().default(''),
      message: z.string().default(''),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      restartedAt: z.string().optional(),
      currentPodHash: z.string().default(''),
      stableRS: z.string().default(''),
      replicas: counts,
      updatedReplicas: counts,
      availableReplicas: counts,
    })
    .prefault({}),
});

/** By its own word, which the operator goes by. */
export const isConfirmed = ({ status }: Rollout): boolean =>
  status.conditions.some(({ type, status: says }) => type === 'Healthy' && says === 'True');

export type Rollout = z.infer<typeof rolloutSchema>;

/** What the controller says of the Rollout as it is now. */
export const isSeen = ({ metadata, status }: Rollout): boolean =>
  status.observedGeneration === String(metadata.generation);

export const isIn =
  (phase: string, message = /(?:)/) =>
  (rollout: Rollout): boolean =>
    isSeen(rollout) && rollout.status.phase === phase && message.test(rollout.status.message);

/** The fixture of the operator, and a Rollout `app` in its namespace. */
export interface RolloutsFixture extends OperatorFixture {
  readonly rollout: WatchedObject<Rollout>;
  readonly argo: ArgoRollouts;
  /** Applies these objects, the Rollout among them, and waits until that is healthy. */
  deploy(...objects: readonly object[]): Promise<void>;
  /** `kubectl argo rollouts VERB app`, with these arguments. */
  plugin(verb: string, ...args: readonly string[]): Promise<string>;
  /** The pods of the Rollout, oldest first. */
  pods(): Promise<readonly Pod[]>;
}

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
        creationTimestamp: z.string(),
        deletionTimestamp: z.string().optional(),
      }),
    }),
  ),
});

/** A pod that stays. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  /** Which of the ReplicaSets has made it. */
  readonly hash: string;
  /** It was made of a template that the operator has annotated. */
  readonly isRolled: boolean;
}

export async function rolloutsFixture(
  t: TestContext,
  argo: ArgoRollouts,
  options: FixtureOptions = {},
): Promise<RolloutsFixture> {
  const base = await operatorFixture(t, options);
  const { namespace, kubectl, apply } = base;
  const rollout = new WatchedObject({
    client: testClient(t, base.cluster.kubeconfigPath),
    path: `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`,
    name: 'app',
    parse: (object) => rolloutSchema.parse(object),
    whileItRuns: (work) => argo.whileItRuns(work),
  });
  t.after(() => rollout.stop());
  return {
    ...base,
    get operator() {
      return base.operator;
    },
    rollout,
    argo,
    async deploy(...objects) {
      await apply(...objects);
      await rollout.until(isIn('Healthy'));
    },
    plugin: (verb, ...args) => argo.run(`kubectl argo rollouts ${verb} app -n ${namespace} ${args.join(' ')}`),
    async pods() {
      const list = podsSchema.parse(JSON.parse(await kubectl(['get', 'pods', '-l', 'app=app', '-o', 'json'])));
      return list.items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata: { name, uid, labels, annotations } }) => ({
          name,
          uid,
          hash: labels['rollouts-pod-template-hash'] ?? '',
          isRolled: Object.keys(annotations).some((key) => key.startsWith('tls.cloudsql-ssl.dev/')),
        }));
    },
  };
}

const SELECTED = { 'cloudsql-ssl.dev/instance': INSTANCE };

/** A Rollout `app` of four pods; by its label it depends on the instance. */
export const rolloutOf = (strategy: object, spec: object = {}, labels: object = SELECTED): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'app', labels },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'app' } },
    template: {
      metadata: { labels: { app: 'app' } },
      spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1 },
    },
    strategy,
    ...spec,
  },
});

export const canary = (...steps: readonly object[]): object => ({ canary: { steps } });

export const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'app' }, ports: [{ port: 80 }] },
});
