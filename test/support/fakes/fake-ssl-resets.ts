import assert from 'node:assert/strict';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { KIND, type SslReset, type Status } from '../../../src/domain/reset/ssl-reset.ts';
import { keyOf } from '../../../src/lib/key.ts';
import type { ObjectRef, SslResets } from '../../../src/reconcile/ports.ts';

interface Edit {
  readonly spec?: Partial<SslReset['spec']>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
}

/** What the JSON of Go makes of it: no half of a character. */
const asStored = (status: Status): Status =>
  JSON.parse(JSON.stringify(status), (_key, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );

/** The API server for one kind of object: it holds to uid, resourceVersion and generation. */
export class FakeSslResets implements SslResets {
  readonly #objects = new Map<string, SslReset>();
  readonly #watchers: ((reset: SslReset) => void)[] = [];
  #version = 1;
  /** What admission, or an older CRD, makes of a status that is written. */
  admission: (status: Status) => Status = (status) => status;
  writes = 0;

  get(ref: ObjectRef): Promise<SslReset | undefined> {
    return Promise.resolve(structuredClone(this.#objects.get(keyOf(KIND, ref))));
  }

  updateStatus({ metadata }: SslReset, status: Status): Promise<SslReset> {
    const current = this.#objects.get(keyOf(KIND, metadata));
    if (current === undefined) return Promise.reject(new KubernetesError({ kind: 'NotFound', message: 'gone' }));
    const { uid, resourceVersion } = current.metadata;
    if (uid !== metadata.uid || resourceVersion !== metadata.resourceVersion) {
      return Promise.reject(new KubernetesError({ kind: 'Conflict', message: 'changed' }));
    }
    this.writes += 1;
    return Promise.resolve(this.#store({ ...current, status: this.admission(asStored(status)) }));
  }

  create(reset: SslReset): ObjectRef {
    this.#store(reset);
    return reset.metadata;
  }

  /** What a user, or another controller, writes: a changed spec, or a deletion that waits, bumps the generation. */
  edit(ref: ObjectRef, { spec, annotations, deletionTimestamp }: Edit): void {
    const { metadata, ...current } = this.read(ref);
    const bumps = spec !== undefined || deletionTimestamp !== undefined;
    this.#store({
      ...current,
      spec: { ...current.spec, ...spec },
      metadata: {
        ...metadata,
        annotations: annotations ?? metadata.annotations,
        generation: metadata.generation + Number(bumps),
        ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      },
    });
  }

  /** It is gone; no watcher has heard of it yet. */
  remove(ref: ObjectRef): void {
    this.#objects.delete(keyOf(KIND, ref));
  }

  read(ref: ObjectRef): SslReset {
    const reset = this.#objects.get(keyOf(KIND, ref));
    assert.ok(reset !== undefined, `${ref.name} does not exist`);
    return reset;
  }

  list(): readonly SslReset[] {
    return [...this.#objects.values()];
  }

  watch(watcher: (reset: SslReset) => void): void {
    this.#watchers.push(watcher);
  }

  #store(reset: SslReset): SslReset {
    this.#version += 1;
    const stored = { ...reset, metadata: { ...reset.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(keyOf(KIND, stored.metadata), stored);
    for (const watcher of this.#watchers) watcher(stored);
    return structuredClone(stored);
  }
}
