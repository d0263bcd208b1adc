/** A kubelet that runs containers as processes of this machine. */
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Subscription } from 'rxjs';
import { z } from 'zod';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import type { ClientEvent } from './client-event.ts';
import { type ClientProcess, startClient } from './client-process.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import { mount, writeVolume } from './files.ts';
import {
  environmentOf,
  filesOf,
  keyOf,
  mountedVolumes,
  NotThereYet,
  type Source,
  type Sources,
  sourcesOf,
} from './materials.ts';
import { type Container, type Data, type Pod, parseData, parsePod, type SourceKind } from './pod.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface KubeletOptions {
  readonly objects: ClusterObjects;
  readonly namespace: string;
  /**
   * Where the databases really are, by the `PGHOST` of the manifests: a container that names one of them is run.
   * The others do nothing.
   */
  readonly databases: Readonly<Record<string, Address>>;
  /** Called when something breaks that would leave it blind. */
  readonly onFailure?: (error: Error) => void;
}

/** What became of one container so far. */
export interface PodClient {
  readonly pod: string;
  /** Its label `app`. */
  readonly app: string;
  readonly events: readonly ClientEvent[];
  /** The Secret or ConfigMap that it waits for. */
  readonly waitsFor?: string;
  /** The pod has ended, and with it the process. */
  readonly isGone: boolean;
}

export interface Kubelet {
  /** In the order in which their pods appeared. */
  readonly clients: readonly PodClient[];
  /** The clients as soon as they satisfy the predicate. */
  until(what: string, predicate: (clients: readonly PodClient[]) => boolean): Promise<readonly PodClient[]>;
  /** Calls back after each change, until the function that it answers is called. */
  onChange(listener: (clients: readonly PodClient[]) => void): () => void;
  /** Ends all processes. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 300_000;

/** Runs the pods of a namespace that are there and that come, until it is stopped. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-pods-'));
  return new ProcessKubelet(options, directory, removeFolderAfterUs(directory));
}

/** A container that is run. */
interface RunningContainer {
  pod: Pod;
  readonly container: Container;
  readonly sources: readonly Source[];
  readonly folder: string;
  events: readonly ClientEvent[];
  waitsFor: string | undefined;
  isGone: boolean;
  process: ClientProcess | undefined;
  /** What is done for it is done one after the other. */
  turn: Promise<void>;
}

const nameSchema = z.object({ metadata: z.object({ name: z.string() }) });

class ProcessKubelet implements Kubelet {
  readonly #options: KubeletOptions;
  readonly #directory: string;
  readonly #release: () => void;
  readonly #running = new Map<string, readonly RunningContainer[]>();
  readonly #news = new EventEmitter<{ change: []; failure: [Error] }>();
  readonly #end = new AbortController();
  readonly #watches: readonly Subscription[];
  #failure: Error | undefined;

  constructor(options: KubeletOptions, directory: string, release: () => void) {
    this.#options = options;
    this.#directory = directory;
    this.#release = release;
    this.#watches = [
      this.#watch('pods', (object, isDeleted) => this.#podChanged(parsePod(object), isDeleted)),
      this.#watch('secrets', (object) => this.#sourceChanged('Secret', object)),
      this.#watch('configmaps', (object) => this.#sourceChanged('ConfigMap', object)),
    ];
  }

  get clients(): readonly PodClient[] {
    return [...this.#running.values()].flat().map(({ pod: { metadata }, events, waitsFor, isGone }) => ({
      pod: metadata.name,
      app: metadata.labels.app ?? '',
      events,
      ...(waitsFor !== undefined && { waitsFor }),
      isGone,
    }));
  }

  async until(what: string, predicate: (clients: readonly PodClient[]) => boolean): Promise<readonly PodClient[]> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const { clients } = this;
      if (predicate(clients)) return clients;
      await once(this.#news, 'change', { signal }).catch((cause: unknown) => {
        throw new Error(`It did not come to this: ${what}\n${JSON.stringify(clients, undefined, 1)}`, { cause });
      });
    }
  }

  onChange(listener: (clients: readonly PodClient[]) => void): () => void {
    const report = (): void => listener(this.clients);
    this.#news.on('change', report);
    return () => this.#news.off('change', report);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    for (const watch of this.#watches) watch.unsubscribe();
    await Promise.all([...this.#running.values()].flat().map((running) => this.#endOne(running)));
    await rm(this.#directory, { recursive: true, force: true });
    this.#release();
  }

  #watch(resource: string, handle: (object: unknown, isDeleted: boolean) => void): Subscription {
    return this.#options.objects.watch(this.#path(resource)).subscribe({
      next: ({ object, isDeleted }) => handle(object, isDeleted),
      error: (error: unknown) => this.#fail(error),
    });
  }

  #path(resource: string, name?: string): string {
    const path = `/api/v1/namespaces/${this.#options.namespace}/${resource}`;
    return name === undefined ? path : `${path}/${name}`;
  }

  #podChanged(pod: Pod, isDeleted: boolean): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const known = this.#running.get(uid);
    if (isDeleted || deletionTimestamp !== undefined) {
      for (const running of known ?? []) void this.#endOne(running);
    } else if (known === undefined && pod.spec.nodeName !== undefined) {
      this.#running.set(uid, this.#containersOf(pod));
    } else if (known !== undefined) {
      for (const running of known) this.#seeAgain(running, pod);
    }
  }

  /** As a kubelet does: a change of a pod has it write the volumes of the pod anew. */
  #seeAgain(running: RunningContainer, pod: Pod): void {
    const { annotations } = running.pod.metadata;
    running.pod = pod;
    if (!isDeepStrictEqual(annotations, pod.metadata.annotations)) this.#inTurn(running, () => this.#start(running));
  }

  #containersOf(pod: Pod): readonly RunningContainer[] {
    return pod.spec.containers
      .filter((container) => this.#databaseOf(container) !== undefined)
      .map((container) => {
        const running: RunningContainer = {
          pod,
          container,
          sources: sourcesOf(pod, container),
          folder: join(this.#directory, pod.metadata.uid, container.name),
          events: [],
          waitsFor: undefined,
          isGone: false,
          process: undefined,
          turn: Promise.resolve(),
        };
        this.#inTurn(running, () => this.#start(running));
        return running;
      });
  }

  #databaseOf({ env }: Container): Address | undefined {
    return this.#options.databases[env.find(({ name }) => name === 'PGHOST')?.value ?? ''];
  }

  /**
   * Who waits for it may start. Who has mounted it sees nothing of that: a kubelet comes by only within a minute and a half,
   * unless something of the pod changes.
   */
  #sourceChanged(kind: SourceKind, object: unknown): void {
    const changed = keyOf({ kind, name: nameSchema.parse(object).metadata.name });
    for (const running of [...this.#running.values()].flat()) {
      if (running.process === undefined && running.sources.some((source) => keyOf(source) === changed))
        this.#inTurn(running, () => this.#start(running));
    }
  }

  #inTurn(running: RunningContainer, work: () => Promise<void>): void {
    running.turn = running.turn.then(() => (running.isGone ? undefined : work())).catch((error) => this.#fail(error));
  }

  /** Reads the sources as they are now, which a watch may not know yet; writes the volumes; and starts it once. */
  async #start(running: RunningContainer): Promise<void> {
    const { pod, container, folder } = running;
    const sources = await this.#read(running.sources);
    const volumes = mountedVolumes(pod, container);
    try {
      for (const volume of volumes) await writeVolume(folder, volume.name, filesOf(volume, sources));
      const environment = environmentOf(container, sources);
      if (running.process !== undefined || running.isGone) return;
      const root = join(folder, 'root');
      await mount(
        folder,
        root,
        container,
        volumes.map(({ name }) => name),
      );
      running.waitsFor = undefined;
      running.process = this.#startProcess(running, { ...environment, POD_ROOT: root });
    } catch (error) {
      if (!(error instanceof NotThereYet)) throw error;
      running.waitsFor = error.message;
    }
    this.#news.emit('change');
  }

  #startProcess(running: RunningContainer, environment: Readonly<Record<string, string>>): ClientProcess {
    const { host = '', port = 0 } = this.#databaseOf(running.container) ?? {};
    return startClient({
      environment: { ...environment, PGHOST: host, PGPORT: String(port) },
      onEvent: (event) => {
        running.events = [...running.events, event];
        this.#news.emit('change');
      },
      onFailure: (error) => this.#fail(error),
    });
  }

  async #read(sources: readonly Source[]): Promise<Sources> {
    const found = new Map<string, Data>();
    for (const source of sources) {
      const path = this.#path(source.kind === 'Secret' ? 'secrets' : 'configmaps', source.name);
      const object = await this.#options.objects.read(path, this.#end.signal);
      if (object !== undefined) found.set(keyOf(source), parseData(source.kind, object));
    }
    return found;
  }

  async #endOne(running: RunningContainer): Promise<void> {
    if (running.isGone) return await running.turn;
    running.isGone = true;
    this.#news.emit('change');
    running.turn = running.turn.then(() => running.process?.stop());
    await running.turn;
  }

  #fail(error: unknown): void {
    if (this.#end.signal.aborted) return;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#options.onFailure?.(this.#failure);
    this.#news.emit('change');
  }
}
