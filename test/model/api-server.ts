import { KubernetesError } from '../../src/domain/errors.ts';
import type { Metadata } from '../../src/domain/object.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { type Key, keyOf } from '../../src/lib/key.ts';
import type { ObjectRef } from '../../src/reconcile/ports.ts';
import type { PassContext } from './pass-context.ts';

export type AnyObject = SslReset | CloudSqlServerCa;

export type Change =
  | { readonly kind: 'Applied'; readonly object: AnyObject }
  | { readonly kind: 'Deleted'; readonly key: Key };

/** Who judges what is read and written. */
export interface Observer<T> {
  readonly note: (what: string) => void;
  /** A pass reads it. */
  readonly read: (object: T | undefined, context: PassContext) => void;
  /** A status write is accepted. */
  readonly statusWritten: (before: T, after: T, context: PassContext) => void;
  /** It is being deleted. */
  readonly left: (object: T) => void;
  readonly gone: (object: T) => void;
}

interface Stored {
  readonly metadata: Metadata;
  readonly spec: object;
  readonly status: object;
}

/** The API server for the objects of one kind: it holds to uid, resourceVersion and generation. */
export class ApiServer<T extends Stored & AnyObject> {
  readonly #objects = new Map<Key, T>();
  readonly #kind: string;
  readonly #observer: Observer<T>;
  readonly #notify: (change: Change) => void;
  #version = 1;
  #lastWriter: number | undefined;
  writes = 0;

  constructor(kind: string, observer: Observer<T>, notify: (change: Change) => void) {
    this.#kind = kind;
    this.#observer = observer;
    this.#notify = notify;
  }

  client(context: PassContext) {
    return {
      get: async (ref: ObjectRef): Promise<T | undefined> => {
        const found = this.read(ref);
        this.#observer.read(found, context);
        return found;
      },
      updateStatus: async (object: T, status: T['status']): Promise<T> => this.#updateStatus(object, status, context),
    };
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  read(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(this.#kind, ref));
  }

  create(object: T): void {
    this.#store(object);
  }

  /** What a user writes: a changed spec, or a deletion that waits, bumps the generation. */
  edit(
    ref: ObjectRef,
    {
      spec,
      ...metadata
    }: Partial<Pick<Metadata, 'annotations' | 'deletionTimestamp'>> & { readonly spec?: Partial<T['spec']> },
  ): void {
    const current = this.read(ref);
    if (current === undefined || current.metadata.deletionTimestamp !== undefined) return;
    if (metadata.deletionTimestamp !== undefined) this.#observer.left(current);
    const bumps = spec !== undefined || metadata.deletionTimestamp !== undefined;
    this.#store({
      ...current,
      spec: { ...current.spec, ...spec },
      metadata: { ...current.metadata, ...metadata, generation: current.metadata.generation + Number(bumps) },
    });
  }

  annotate(ref: ObjectRef, name: string, value: string): void {
    const found = this.read(ref);
    if (found !== undefined) this.edit(ref, { annotations: { ...found.metadata.annotations, [name]: value } });
  }

  remove(ref: ObjectRef): void {
    const object = this.read(ref);
    if (object === undefined) return;
    const key = keyOf(this.#kind, ref);
    this.#objects.delete(key);
    this.#observer.gone(object);
    this.#notify({ kind: 'Deleted', key });
  }

  #updateStatus({ metadata }: T, status: T['status'], context: PassContext): T {
    const current = this.read(metadata);
    if (current === undefined) throw new KubernetesError({ kind: 'NotFound', message: 'gone' });
    if (current.metadata.uid !== metadata.uid || current.metadata.resourceVersion !== metadata.resourceVersion) {
      this.#observer.note('conflict');
      if (this.#lastWriter !== undefined && this.#lastWriter !== context.process.replica)
        this.#observer.note('two writers');
      throw new KubernetesError({ kind: 'Conflict', message: 'changed' });
    }
    this.writes += 1;
    this.#lastWriter = context.process.replica;
    this.#observer.statusWritten(current, { ...current, status }, context);
    return this.#store({ ...current, status });
  }

  #store(written: T): T {
    this.#version += 1;
    const object = { ...written, metadata: { ...written.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(keyOf(this.#kind, object.metadata), object);
    this.#notify({ kind: 'Applied', object });
    return object;
  }
}
