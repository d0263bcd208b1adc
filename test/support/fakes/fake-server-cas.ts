import assert from 'node:assert/strict';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { type CloudSqlServerCa, KIND, type Spec, type Status } from '../../../src/domain/server-ca/server-ca-object.ts';
import { keyOf } from '../../../src/lib/key.ts';
import type { CloudSqlServerCas, ObjectRef } from '../../../src/reconcile/ports.ts';
import { aSpec } from './builders.ts';

type SpecParts = Partial<Omit<Spec, 'rollout' | 'rotation' | 'serverCa'>> & {
  readonly rotation?: Partial<Spec['rotation']>;
  readonly rollout?: Partial<Spec['rollout']>;
  readonly serverCa?: Partial<Spec['serverCa']>;
};

export interface ServerCaParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly generation?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly approvalManager?: string;
  readonly spec?: SpecParts;
  readonly status?: Status;
}

/** A spec as the API server hands it out: with every default of the CRD. */
export function aServerCaSpec({ rollout, rotation, serverCa, ...spec }: SpecParts = {}): Spec {
  const { onFailure: _onFailure, ...defaults } = aSpec({}).rollout;
  return {
    project: 'acme-prod',
    instance: 'orders-db',
    preconditions: {},
    deadlineSeconds: 3600,
    approval: 'Automatic',
    planOnly: false,
    ...spec,
    serverCa: { secretName: 'orders-db-ca', key: 'server-ca.pem', rotatedOut: 'Keep', ...serverCa },
    rollout: { ...defaults, ...rollout },
    rotation: { mode: 'Never', renewBeforeSeconds: 3_888_000, holdSeconds: 900, verifySeconds: 300, ...rotation },
  };
}

export function aServerCa({ spec, status, ...metadata }: ServerCaParts = {}): CloudSqlServerCa {
  const { namespace = 'orders', name = 'orders-ca' } = metadata;
  return {
    kind: KIND,
    metadata: {
      uid: `uid-of-${namespace}/${name}`,
      resourceVersion: '1',
      generation: 1,
      annotations: {},
      ...metadata,
      namespace,
      name,
    },
    spec: aServerCaSpec(spec),
    status: status ?? { observedGeneration: -1 },
  };
}

/** The API server for this kind: it holds to uid and resourceVersion. */
export class FakeServerCas implements CloudSqlServerCas {
  readonly #objects = new Map<string, CloudSqlServerCa>();
  readonly #watchers: ((object: CloudSqlServerCa) => void)[] = [];
  #version = 1_000_000;
  writes = 0;

  get(ref: ObjectRef): Promise<CloudSqlServerCa | undefined> {
    return Promise.resolve(structuredClone(this.#objects.get(keyOf(KIND, ref))));
  }

  updateStatus({ metadata }: CloudSqlServerCa, status: Status): Promise<CloudSqlServerCa> {
    const current = this.#objects.get(keyOf(KIND, metadata));
    if (current === undefined) return Promise.reject(new KubernetesError({ kind: 'NotFound', message: 'gone' }));
    if (current.metadata.resourceVersion !== metadata.resourceVersion) {
      return Promise.reject(new KubernetesError({ kind: 'Conflict', message: 'changed' }));
    }
    this.writes += 1;
    return Promise.resolve(this.#store({ ...current, status: JSON.parse(JSON.stringify(status)) }));
  }

  create(object: CloudSqlServerCa): ObjectRef {
    this.#store(object);
    return object.metadata;
  }

  edit(ref: ObjectRef, { spec, annotations }: Pick<ServerCaParts, 'spec' | 'annotations'>): void {
    const { metadata, ...current } = this.read(ref);
    const { serverCa, rollout, rotation, ...rest } = spec ?? {};
    this.#store({
      ...current,
      spec: {
        ...current.spec,
        ...rest,
        serverCa: { ...current.spec.serverCa, ...serverCa },
        rollout: { ...current.spec.rollout, ...rollout },
        rotation: { ...current.spec.rotation, ...rotation },
      },
      metadata: {
        ...metadata,
        annotations: annotations ?? metadata.annotations,
        generation: metadata.generation + Number(spec !== undefined),
      },
    });
  }

  /** Fields that are not there are taken away. */
  replaceRotation(ref: ObjectRef, rotation: Spec['rotation']): void {
    const { metadata, spec, ...current } = this.read(ref);
    this.#store({
      ...current,
      spec: { ...spec, rotation },
      metadata: { ...metadata, generation: metadata.generation + 1 },
    });
  }

  /** A restore, say, that brings no status along. */
  wipe(ref: ObjectRef): void {
    this.#store({ ...this.read(ref), status: { observedGeneration: -1 } });
  }

  delete(ref: ObjectRef): void {
    this.#objects.delete(keyOf(KIND, ref));
  }

  read(ref: ObjectRef): CloudSqlServerCa {
    const object = this.#objects.get(keyOf(KIND, ref));
    assert.ok(object !== undefined, `${ref.name} does not exist`);
    return object;
  }

  list(): readonly CloudSqlServerCa[] {
    return [...this.#objects.values()];
  }

  watch(watcher: (object: CloudSqlServerCa) => void): void {
    this.#watchers.push(watcher);
  }

  #store(object: CloudSqlServerCa): CloudSqlServerCa {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(keyOf(KIND, stored.metadata), stored);
    for (const watcher of this.#watchers) watcher(stored);
    return structuredClone(stored);
  }
}
