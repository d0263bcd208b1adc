import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CoreV1Api, type KubernetesObject } from '@kubernetes/client-node';
import { isKubernetesError } from '../../src/domain/errors.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { call } from '../../src/kubernetes/api-error.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../cloudsql-emulator/emulator.ts';
import { INSTANCE, PROJECT, QUICK } from '../support/operator/fixture.ts';
import { Program } from '../support/operator/program.ts';
import type { Lab } from '../support/proxied/lab.ts';
import { type Observer, observeResets } from '../support/proxied/observer.ts';
import { startProxy } from '../support/proxied/proxy.ts';
import { cloudSqlTarget, writeKubeconfig } from '../support/proxied/target.ts';
import { Traffic } from '../support/proxied/traffic.ts';

export interface FixtureOptions {
  readonly emulator?: EmulatorOptions;
  readonly flags?: readonly string[];
  /** The operator works in a second namespace too. */
  readonly hasNeighbour?: boolean;
}

/** One namespace or two, one Cloud SQL, and one operator that reaches both through proxies. */
export interface Fixture {
  readonly lab: Lab;
  readonly namespace: string;
  /** The second namespace, where there is one. */
  readonly neighbour: string;
  readonly emulator: Emulator;
  readonly traffic: Traffic;
  readonly observer: Observer<SslReset>;
  /** The operator that was started last. */
  readonly operator: Program;
  /** What all operators of this fixture have written. */
  readonly log: string;
  startOperator(): void;
  /** Breaks the watches that are open. */
  cutWatches(): void;
  create(...objects: readonly KubernetesObject[]): Promise<void>;
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  close(): Promise<void>;
}

const ignoreGone = (error: unknown): void => {
  if (!isKubernetesError(error, 'NotFound', 'Conflict')) throw error;
};

const FLAGS = [
  '--leader-elect=false',
  '--cloudsql-read-qps=100',
  '--cloudsql-mutate-qps=100',
  // A call that is late counts as lost, as it may: there is no more than one reset all the same.
  '--call-window=2s',
  '--request-timeout=2s',
  '--resolve-grace=5s',
];

export async function openFixture(lab: Lab, options: FixtureOptions = {}): Promise<Fixture> {
  const { emulator: settings, flags = [], hasNeighbour = false } = options;
  const namespace = `faults-${randomUUID().slice(0, 8)}`;
  const neighbour = `${namespace}-b`;
  const namespaces = hasNeighbour ? [namespace, neighbour] : [namespace];
  const core = lab.client.api(CoreV1Api);
  for (const name of namespaces) await core.createNamespace({ body: { metadata: { name } } });
  const instances = [{ project: PROJECT, name: INSTANCE }];
  const emulator = await startEmulator({ project: PROJECT, instances, ...settings });
  const traffic = new Traffic();
  const admin = cloudSqlTarget(emulator.apiUrl);
  const kubernetes = await startProxy('Kubernetes', lab.target, traffic);
  const cloudSql = await startProxy('CloudSql', admin, traffic);
  const kubeconfig = join(lab.folder, `${namespace}.kubeconfig`);
  await writeKubeconfig(kubeconfig, kubernetes.url);
  const observer = observeResets(lab.client, ...namespaces);
  const programs: Program[] = [];

  const start = (): Program => {
    const args = [
      `--kubeconfig=${kubeconfig}`,
      `--namespaces=${namespaces.join(',')}`,
      `--cloudsql-endpoint=${cloudSql.url}`,
      `--allowed-instances=${PROJECT}/*`,
      ...QUICK,
      ...FLAGS,
      ...flags,
    ];
    return new Program(args, { ...process.env, GCE_METADATA_HOST: emulator.metadataHost }, lab.program);
  };

  return {
    lab,
    namespace,
    neighbour,
    emulator,
    traffic,
    observer,
    get operator() {
      const last = programs.at(-1);
      if (last === undefined) throw new Error('no operator was started');
      return last;
    },
    get log() {
      return programs.map(({ log }) => log).join('\n--- killed ---\n');
    },
    cutWatches: () => kubernetes.cutWatches(),
    startOperator: () => void programs.push(start()),
    async create(...objects) {
      for (const object of objects) {
        await lab.objects.create({ ...object, metadata: { namespace, ...object.metadata } });
      }
    },
    kubectl: (args, stdin) => lab.cluster.kubectl([...args, `--namespace=${namespace}`], stdin),
    async close() {
      observer.stop();
      await Promise.all(programs.map((program) => program.kill()));
      admin.close();
      await Promise.all([kubernetes.stop(), cloudSql.stop(), emulator.stop()]);
      // It may be gone already.
      for (const name of namespaces) await call(core.deleteNamespace({ name })).catch(ignoreGone);
    },
  };
}
