import { KubernetesError } from '../../src/domain/errors.ts';
import { annotations, type Metadata } from '../../src/domain/object.ts';
import { KIND, type SslReset, type Status } from '../../src/domain/reset/ssl-reset.ts';
import { keyOf } from '../../src/lib/key.ts';
import type { ObjectRef, SslResets } from '../../src/reconcile/ports.ts';
import type { Invariants } from './invariants.ts';
import type { PassContext } from './pass-context.ts';

export type Change =
  | { readonly kind: 'Applied'; readonly object: SslReset }
  | { readonly kind: 'Deleted'; readonly object: SslReset };

/** The API server for the operator's own objects: it holds to uid, resourceVersion and generation. */
export class ApiServer {
  readonly #objects = new Map<string, SslReset>();
  readonly #invariants: Invariants;
  readonly #notify: (change: Change) => void;
  #version = 1;
  #lastWriter: number | undefined;
  writes = 0;
  /** Called with each status write that is accepted. */
  onStatus: (before: SslReset, after: SslReset, context: PassContext) => void = () => undefined;

  constructor(invariants: Invariants, notify: (change: Change) => void) {
    this.#invariants = invariants;
    this.#notify = notify;
  }

  client(context: PassContext): SslResets {
    return {
      get: async (ref) => {
        const found = this.#objects.get(keyOf(KIND, ref));
        if (context.read === undefined) {
          context.read = found;
          context.readMs = context.process.now().getTime();
        }
        return found;
      },
      updateStatus: async (reset, status) => this.#updateStatus(reset, status, context),
    };
  }

  list(): readonly SslReset[] {
    return [...this.#objects.values()];
  }

  read(ref: ObjectRef): SslReset | undefined {
    return this.#objects.get(keyOf(KIND, ref));
  }

  create(reset: SslReset): void {
    this.#store(reset);
  }

  /** What a user writes: a changed spec, or a deletion that waits, bumps the generation. */
  edit(
    ref: ObjectRef,
    {
      spec,
      ...metadata
    }: Partial<Pick<Metadata, 'annotations' | 'deletionTimestamp'>> & { readonly spec?: Partial<SslReset['spec']> },
  ): void {
    const current = this.read(ref);
    if (current === undefined || current.metadata.deletionTimestamp !== undefined) return;
    const bumps = spec !== undefined || metadata.deletionTimestamp !== undefined;
    this.#store({
      ...current,
      spec: { ...current.spec, ...spec },
      metadata: { ...current.metadata, ...metadata, generation: current.metadata.generation + Number(bumps) },
    });
  }

  annotate(ref: ObjectRef, name: string, value: string): void {
    const found = this.read(ref);
    if (found === undefined) return;
    if (name === annotations.retry) this.#invariants.asked(found, value);
    this.edit(ref, { annotations: { ...found.metadata.annotations, [name]: value } });
  }

  remove(ref: ObjectRef): void {
    const object = this.read(ref);
    if (object === undefined) return;
    this.#objects.delete(keyOf(KIND, ref));
    this.#invariants.objectGone(object.metadata.uid);
    this.#notify({ kind: 'Deleted', object });
  }

  #updateStatus({ metadata }: SslReset, status: Status, context: PassContext): SslReset {
    const current = this.read(metadata);
    if (current === undefined) throw new KubernetesError({ kind: 'NotFound', message: 'gone' });
    if (current.metadata.uid !== metadata.uid || current.metadata.resourceVersion !== metadata.resourceVersion) {
      this.#invariants.note('conflict');
      if (this.#lastWriter !== undefined && this.#lastWriter !== context.process.replica)
        this.#invariants.note('two writers');
      throw new KubernetesError({ kind: 'Conflict', message: 'changed' });
    }
    this.writes += 1;
    this.#lastWriter = context.process.replica;
    this.#invariants.statusWritten(current, { ...current, status }, context);
    this.onStatus(current, { ...current, status }, context);
    return this.#store({ ...current, status });
  }

  #store(reset: SslReset): SslReset {
    this.#version += 1;
    const object = { ...reset, metadata: { ...reset.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(keyOf(KIND, object.metadata), object);
    this.#notify({ kind: 'Applied', object });
    return object;
  }
}
