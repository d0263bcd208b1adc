import assert from 'node:assert/strict';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { INSTANCE_LABEL } from '../../../src/domain/object.ts';
import type { NamespaceView } from '../../../src/domain/permission.ts';
import type { WorkloadKind } from '../../../src/domain/trust/distribution.ts';
import { matchesSelector, selectorQuery } from '../../../src/domain/trust/label-selector.ts';
import type { Pod } from '../../../src/domain/trust/pod.ts';
import type { TemplateAnnotations, Workload, WorkloadRef } from '../../../src/domain/trust/workload.ts';
import type { Key } from '../../../src/lib/key.ts';
import { toTime } from '../../../src/lib/time.ts';
import type {
  NamespaceQuestion,
  Namespaces,
  ObjectData,
  PublishedContents,
  PublishedObject,
  PublishedObjectRef,
  PublishedObjects,
  StoredContents,
} from '../../../src/reconcile/ports.ts';
import type { AwaitedRoll, Pods, WorkloadQuery, Workloads } from '../../../src/reconcile/workload-ports.ts';
import type { Cancel } from '../../../src/runtime/timers.ts';
import type { VirtualClock } from '../virtual-clock.ts';

const conflict = (): KubernetesError => new KubernetesError({ kind: 'Conflict', message: 'changed' });

export class FakeNamespaces implements Namespaces {
  readonly annotationsOf = new Map<string, Readonly<Record<string, string>>>();

  readonly deleted = new Set<string>();

  reads = 0;

  readonly #awaited = new Map<Key, NamespaceQuestion>();

  async get(namespace: string): Promise<NamespaceView> {
    this.reads += 1;
    return { annotations: this.annotationsOf.get(namespace) ?? {}, isBeingDeleted: this.deleted.has(namespace) };
  }

  async ask(by: Key, question: NamespaceQuestion): Promise<NamespaceView> {
    const view = await this.get(question.namespace);
    this.#awaited.delete(by);
    if (question.isRefused(view)) this.#awaited.set(by, question);
    return view;
  }

  /** Somebody annotates it, and who waits for that hears of it. */
  annotate(namespace: string, annotations: Readonly<Record<string, string>>): void {
    this.annotationsOf.set(namespace, annotations);
    for (const [by, awaited] of [...this.#awaited].filter(([, { namespace: of }]) => of === namespace)) {
      this.#awaited.delete(by);
      awaited.onChange();
    }
  }
}

/** Workloads whose controller brings each change to health in `rollMs`. */
export class FakeWorkloads implements Workloads {
  readonly #clock: VirtualClock;
  readonly #workloads = new Map<string, { readonly workload: Workload; readonly healthyMs: number }>();
  rollMs = 5_000;
  /** The same of those with these names. */
  readonly rollMsOf = new Map<string, number>();
  /** Every write of a template fails with it, also a dry run. */
  refusal: KubernetesError | undefined;
  /** The same of those with these names. */
  readonly refusing = new Map<string, KubernetesError>();
  /** Kinds whose every list fails. */
  readonly unlistable = new Map<WorkloadKind, KubernetesError>();
  /** Names of those whose every read by name fails. */
  readonly unreadable = new Map<string, KubernetesError>();
  /** Names of those whose annotation admission drops. */
  readonly dropping = new Set<string>();
  writes = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The same workloads, of whose templates somebody hears that they were written. */
  watched(written: () => void): Workloads {
    return {
      list: (...given) => this.list(...given),
      get: (ref) => this.get(ref),
      watchRoll: (...given) => this.watchRoll(...given),
      annotateTemplate: async (workload, annotations, options) => {
        const answer = await this.annotateTemplate(workload, annotations, options);
        if (options?.dryRun !== true) written();
        return answer;
      },
    };
  }

  add(...workloads: readonly Workload[]): void {
    for (const workload of workloads) this.#workloads.set(workload.name, { workload, healthyMs: 0 });
  }

  remove(...names: readonly string[]): void {
    for (const name of names) this.#workloads.delete(name);
  }

  /** Somebody pauses it, with its pods as they are then. */
  pause(name: string, status: Partial<Workload['status']> = { updatedReplicas: 0 }): void {
    const workload = this.read(name);
    this.add({ ...workload, paused: true, status: { ...workload.status, ...status } });
  }

  /** Its controller has seen it, and these are its counts. */
  progress(name: string, status: Partial<Workload['status']>): void {
    const workload = this.read(name);
    const { generation } = workload;
    this.add({ ...workload, status: { ...workload.status, observedGeneration: generation, ...status } });
  }

  /** Whatever was written into its pod template is taken away again. */
  putBack(name: string): void {
    const workload = this.read(name);
    if (Object.keys(workload.templateAnnotations).length === 0) return;
    const resourceVersion = String(Number(workload.resourceVersion) + 1);
    this.add({ ...workload, resourceVersion, generation: workload.generation + 1, templateAnnotations: {} });
  }

  /** A workload is seen to settle as soon as its controller has brought it to health. */
  watchRoll(by: Key, { workloads, onSettled }: AwaitedRoll): void {
    for (const cancel of this.#awaited.get(by) ?? []) cancel();
    const ends = workloads.map(({ name }) => this.#workloads.get(name)?.healthyMs ?? 0);
    const laterEnds = ends.filter((ms) => Number.isFinite(ms) && ms > this.#clock.wallMs).toSorted((a, b) => a - b);
    const alarms = laterEnds.map((endMs, index) =>
      this.#clock.after(endMs - this.#clock.wallMs, () => onSettled(ends.length - index - 1)),
    );
    this.#awaited.set(by, alarms);
  }
  readonly #awaited = new Map<Key, readonly Cancel[]>();

  get names(): readonly string[] {
    return [...this.#workloads.keys()];
  }

  read(name: string): Workload {
    const found = this.#workloads.get(name);
    assert.ok(found !== undefined, `${name} does not exist`);
    const { workload, healthyMs } = found;
    if (healthyMs > this.#clock.wallMs) return workload;
    return { ...workload, status: { ...workload.status, observedGeneration: workload.generation } };
  }

  async list(namespace: string, query: WorkloadQuery): Promise<readonly Workload[]> {
    const failure = query.kinds.map((kind) => this.unlistable.get(kind)).find((error) => error !== undefined);
    if (failure !== undefined) throw failure;
    if (query.by === 'Selector') {
      assert.equal(query.selector, selectorQuery(LABEL), 'the fake knows the selector of the label alone');
    }
    const all = [...this.#workloads.keys()]
      .map((name) => this.read(name))
      .filter((one) => one.namespace === namespace && query.kinds.includes(one.kind));
    return query.by === 'Namespace'
      ? all.filter(query.isWanted)
      : all.filter(({ labels }) => matchesSelector(LABEL, labels));
  }

  async get({ kind, namespace, name }: WorkloadRef): Promise<Workload | undefined> {
    const failure = this.unreadable.get(name);
    if (failure !== undefined) throw failure;
    const found = this.#workloads.has(name) ? this.read(name) : undefined;
    return found?.namespace === namespace && found.kind === kind ? found : undefined;
  }

  async annotateTemplate(
    workload: Workload,
    annotations: TemplateAnnotations,
    { dryRun }: { readonly dryRun: boolean } = { dryRun: false },
  ): Promise<Workload> {
    const current = this.read(workload.name);
    if (current.uid !== workload.uid || current.resourceVersion !== workload.resourceVersion) throw conflict();
    const refusal = this.refusing.get(workload.name) ?? this.refusal;
    if (refusal !== undefined) throw refusal;
    const written = {
      ...current,
      resourceVersion: String(Number(current.resourceVersion) + 1),
      generation: current.generation + 1,
      templateAnnotations: this.dropping.has(workload.name)
        ? current.templateAnnotations
        : { ...current.templateAnnotations, ...annotations },
    };
    if (dryRun) return written;
    this.writes += 1;
    const rollMs = this.rollMsOf.get(written.name) ?? this.rollMs;
    this.#workloads.set(written.name, { workload: written, healthyMs: this.#clock.wallMs + rollMs });
    return written;
  }
}

/** Pods that stay as they are, but for what they are told, and those that are deleted. */
export class FakePods implements Pods {
  readonly all = new Map<string, Pod>();
  readonly deleted: string[] = [];
  /** What reads, or deletions, fail with. */
  readonly refusals: { list?: KubernetesError; delete?: KubernetesError; annotate?: KubernetesError } = {};
  /** Names of those whose annotations admission drops. */
  readonly dropping = new Set<string>();
  /** How often one was told something. */
  writes = 0;
  lists = 0;
  onTold: (pod: Pod) => void = () => undefined;
  onDelete: (pod: Pod) => void = () => undefined;

  async list({ namespace }: Workload): Promise<readonly Pod[]> {
    this.lists += 1;
    if (this.refusals.list !== undefined) throw this.refusals.list;
    return [...this.all.values()].filter((pod) => pod.namespace === namespace);
  }

  async annotate(
    { name, uid }: Pod,
    annotations: Readonly<Record<string, string>>,
    { dryRun }: { readonly dryRun: boolean } = { dryRun: false },
  ): Promise<Pod> {
    if (this.refusals.annotate !== undefined) throw this.refusals.annotate;
    const current = this.all.get(name);
    if (current === undefined) throw new KubernetesError({ kind: 'NotFound', message: 'gone' });
    if (current.uid !== uid) throw conflict();
    const told = this.dropping.has(name) ? current.told : { ...current.told, ...annotations };
    const written = { ...current, resourceVersion: String(Number(current.resourceVersion) + 1), told };
    if (dryRun) return written;
    this.writes += 1;
    this.all.set(name, written);
    this.onTold(written);
    return written;
  }

  async delete(pod: Pod): Promise<void> {
    if (this.refusals.delete !== undefined) throw this.refusals.delete;
    const current = this.all.get(pod.name);
    if (current?.uid !== pod.uid || current.resourceVersion !== pod.resourceVersion) throw conflict();
    this.all.delete(pod.name);
    this.deleted.push(pod.name);
    this.onDelete(pod);
  }
}

const LABEL = { matchLabels: { [INSTANCE_LABEL]: 'orders-db' } };

/** As the API server demands it. */
function missingTlsKeys({ type, data }: PublishedContents, current: PublishedObject | undefined) {
  const isTls = (current?.type ?? type) === 'kubernetes.io/tls';
  const missing = ['tls.crt', 'tls.key'].find((key) => !Object.hasOwn({ ...data, ...othersIn(current) }, key));
  return isTls && missing !== undefined
    ? new KubernetesError({ kind: 'Refused', message: `data[${missing}]: Required value` })
    : undefined;
}

const othersIn = ({ data = {}, ownKeys = [] }: Partial<PublishedObject> = {}): ObjectData =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !ownKeys.includes(key)));

export class FakeObjects implements PublishedObjects {
  readonly #clock: VirtualClock | undefined;

  constructor(clock?: VirtualClock) {
    this.#clock = clock;
  }

  readonly #objects = new Map<string, PublishedObject>();
  /** Every apply fails with it, also a dry run. */
  refusal: KubernetesError | undefined;
  /** What admission makes of what is applied, also in a dry run. */
  admission: (contents: PublishedContents) => Partial<PublishedContents> = () => ({});
  /** The same of those with these names. */
  readonly refusing = new Map<string, KubernetesError>();
  writes = 0;

  async get({ kind, namespace, name }: PublishedObjectRef): Promise<PublishedObject | undefined> {
    return this.#objects.get(`${kind}/${namespace}/${name}`);
  }

  async apply(
    contents: PublishedContents,
    { before, dryRun }: { readonly before: PublishedObject | undefined; readonly dryRun: boolean },
  ): Promise<StoredContents> {
    const current = await this.get(contents);
    if (current?.uid !== before?.uid || current?.resourceVersion !== before?.resourceVersion) throw conflict();
    const refusal = this.refusing.get(contents.name) ?? this.refusal ?? missingTlsKeys(contents, current);
    if (refusal !== undefined) throw refusal;
    const admitted = {
      immutable: false,
      ...contents,
      ...this.admission(contents),
      ...(current?.type !== undefined && { type: current.type }),
      ownKeys: Object.keys(contents.data),
      ...(this.#clock !== undefined && { publishedTime: toTime(this.#clock.now()) }),
    };
    if (dryRun) return admitted;
    this.writes += 1;
    this.put(admitted);
    return admitted;
  }

  dataOf({ kind, namespace, name }: PublishedObjectRef): ObjectData {
    return this.#objects.get(`${kind}/${namespace}/${name}`)?.data ?? {};
  }

  remove({ kind, namespace, name }: PublishedObjectRef): void {
    this.#objects.delete(`${kind}/${namespace}/${name}`);
  }

  /** Whatever anybody writes. */
  put(
    object: Omit<PublishedObject, 'uid' | 'resourceVersion' | 'ownKeys'> & { readonly ownKeys?: readonly string[] },
  ): void {
    const key = `${object.kind}/${object.namespace}/${object.name}`;
    const version = Number(this.#objects.get(key)?.resourceVersion ?? 0) + 1;
    this.#objects.set(key, { ownKeys: [], ...object, uid: `uid-of-${object.name}`, resourceVersion: String(version) });
  }
}
