/** Everything that runs during the demo, and its end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../../src/kubernetes/client.ts';
import { startDatabase } from '../cloudsql-emulator/database.ts';
import { type Emulator, startEmulator } from '../cloudsql-emulator/emulator.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import { type Kubelet, type PodClient, startKubelet } from '../pods/kubelet.ts';
import { clusterObjects } from '../support/kubernetes/objects.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { DATABASE, DATABASE_ADDRESS, INSTANCE, NAMESPACE, PROJECT } from './example-objects.ts';
import { OperatorProcess } from './operator.ts';
import type { Report } from './timeline.ts';

export interface SessionOptions {
  readonly cluster: Cluster;
  /** It was there before, and stays: what the demo makes in it has to be removed. */
  readonly isClusterGiven: boolean;
  readonly report: Report;
  /** Aborted when the user wants no more. */
  readonly interrupted: AbortSignal;
}

/** Long enough for each state of the operation to be seen, and for each client to try with the old CA before the roll. */
const PLAN = { pendingMs: 1000, runningMs: 3000, effect: 'AtRunning' } as const;

export async function openSession(options: SessionOptions): Promise<Session> {
  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-demo-'));
  removeFolderAfterUs(directory);
  const instances = [{ project: PROJECT, name: INSTANCE, ipAddress: DATABASE_ADDRESS }];
  return new Session(options, await startEmulator({ project: PROJECT, instances, plan: PLAN }), directory);
}

export class Session {
  readonly cluster: Cluster;
  readonly isClusterGiven: boolean;
  readonly emulator: Emulator;
  readonly client: Client;
  readonly report: Report;
  /** Aborted with the reason when the demo cannot or shall not go on. */
  readonly signal: AbortSignal;
  readonly #directory: string;
  readonly #failure = new AbortController();
  readonly #endings: (() => Promise<unknown>)[] = [];
  #operator: OperatorProcess | undefined;
  #kubelet: Kubelet | undefined;

  constructor({ cluster, isClusterGiven, report, interrupted }: SessionOptions, emulator: Emulator, directory: string) {
    this.cluster = cluster;
    this.isClusterGiven = isClusterGiven;
    this.emulator = emulator;
    this.report = report;
    this.#directory = directory;
    this.client = createClient({ kubeconfig: cluster.kubeconfigPath, requestTimeoutMs: 15_000 });
    const impatience = setTimeout(() => this.#fail(`It took longer than ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    impatience.unref();
    this.signal = AbortSignal.any([interrupted, this.#failure.signal]);
    this.atEnd(async () => clearTimeout(impatience));
    this.atEnd(() => cluster.stop());
    this.atEnd(() => rm(directory, { recursive: true, force: true }));
    this.atEnd(() => emulator.stop());
    this.atEnd(() => this.client.close());
  }

  /** Like the cluster's, and refuses to begin or go on when the demo does not. */
  readonly kubectl: Kubectl = async (args, stdin) => {
    this.signal.throwIfAborted();
    const output = await this.cluster.kubectl(args, stdin);
    this.signal.throwIfAborted();
    return output;
  };

  readonly atEnd = (ending: () => Promise<unknown>): void => {
    this.#endings.unshift(ending);
  };

  get logFile(): string {
    return join(this.#directory, 'operator.log');
  }

  get operatorLog(): readonly string[] {
    return this.#operator?.lastLines ?? [];
  }

  /**
   * Gives the instance a PostgreSQL, and the pods of the namespace processes that are its clients. The pods of a cluster
   * that was given run their own images instead.
   * @returns where the PostgreSQL listens
   */
  async startDatabase(): Promise<string> {
    const database = await startDatabase(this.emulator.instance(PROJECT, INSTANCE), DATABASE);
    this.atEnd(() => database.stop());
    const kubelet = await startKubelet({
      objects: clusterObjects(this.client),
      namespace: NAMESPACE,
      databases: { [DATABASE_ADDRESS]: database },
      onFailure: (error) => this.#fail(error.message),
    });
    this.atEnd(() => kubelet.stop());
    this.#kubelet = kubelet;
    return `${database.host}:${database.port}`;
  }

  /** Undefined where the pods are no processes of ours. */
  get kubelet(): Kubelet | undefined {
    return this.#kubelet;
  }

  /** The clients as soon as they satisfy the predicate. */
  async untilClients(what: string, predicate: (clients: readonly PodClient[]) => boolean): Promise<void> {
    await Promise.race([this.#kubelet?.until(what, predicate), this.#aborted()]);
  }

  /** Resolves when it is ready. */
  async startOperator(flags: readonly string[] = []): Promise<void> {
    this.signal.throwIfAborted();
    const operator = new OperatorProcess({
      kubeconfigPath: this.cluster.kubeconfigPath,
      apiUrl: this.emulator.apiUrl,
      metadataHost: this.emulator.metadataHost,
      logFile: this.logFile,
      flags,
      onUnexpectedEnd: (description) => this.#fail(description),
    });
    this.#operator = operator;
    await Promise.race([operator.ready(), this.#aborted()]);
  }

  /** Resolves to how it ended. */
  async stopOperator(): Promise<string> {
    return (await this.#operator?.stop()) ?? 'it did not run';
  }

  /** Ends everything, the latest first; what fails does not keep the rest from ending. */
  async close(): Promise<void> {
    await this.stopOperator();
    for (const ending of this.#endings) {
      await ending().catch((error: unknown) => this.report({ subject: 'End', text: String(error), tone: 'Bad' }));
    }
  }

  #fail(message: string): void {
    this.#failure.abort(new Error(message));
  }

  #aborted(): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    return promise;
  }
}
