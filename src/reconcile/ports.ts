/** What a pass needs of what is around it, as narrow as it is used. Adapters implement these; tests fake them. */

import type { NamespaceView } from '../domain/permission.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa, Status as ServerCaObjectStatus } from '../domain/server-ca/server-ca-object.ts';
import type { PublishedKind } from '../domain/trust/published-kinds.ts';
import type { OtherObject } from '../domain/trust/workload.ts';
import type { Key } from '../lib/key.ts';
import type { TwoClocks } from '../lib/two-clock-window.ts';

export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** Every method may throw a KubernetesError. */
export interface SslResets {
  /** The object as the API server has it now, not from a cache; undefined where there is none. */
  get(ref: ObjectRef): Promise<SslReset | undefined>;
  /**
   * Replaces the status under the uid and resourceVersion of `reset`, so that it never lands on a recreated object.
   * Answers the object with its new resourceVersion.
   * @throws KubernetesError `Conflict` when the object changed, `NotFound` when it is gone
   */
  updateStatus(reset: SslReset, status: Status): Promise<SslReset>;
}

/** Every method may throw a KubernetesError. */
export interface CloudSqlServerCas {
  /** As those of `SslResets`. */
  get(ref: ObjectRef): Promise<CloudSqlServerCa | undefined>;
  updateStatus(object: CloudSqlServerCa, status: ServerCaObjectStatus): Promise<CloudSqlServerCa>;
}

/** Every method may throw a KubernetesError. */
export interface Namespaces {
  /** The namespace as it is now; undefined where the operator has no right to read it. */
  get(namespace: string): Promise<NamespaceView | undefined>;
  /**
   * The same for an object that may be refused by what it says. It then waits, in place of what it waited for before; else it
   * waits no more. Heard within seconds, a change while the namespace was read included.
   */
  ask(by: Key, question: NamespaceQuestion): Promise<NamespaceView | undefined>;
}

export interface NamespaceQuestion {
  readonly namespace: string;
  readonly isRefused: (view: NamespaceView) => boolean;
  /** Called once, when the namespace that refused allows something else. */
  readonly onChange: () => void;
}

export interface PublishedObjectRef extends ObjectRef {
  readonly kind: PublishedKind;
}

/** What the keys of a Secret or ConfigMap hold, whichever way the API server keeps it. */
export type ObjectData = Readonly<Record<string, Uint8Array>>;

/** A Secret or ConfigMap as it is in the cluster. */
export interface PublishedObject extends PublishedObjectRef {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly immutable: boolean;
  /** Of a Secret. */
  readonly type?: string;
  /** The object with which it is deleted: its controller, or else another owner. */
  readonly owner?: OtherObject;
  readonly deletionTimestamp?: string;
  /** When the operator's last apply changed something, RFC 3339, by the API server's clock; absent: it has not noted it. */
  readonly publishedTime?: string;
  /** The other field manager that set keys of `data` last; absent: the API server has noted none. */
  readonly editedBy?: string;
  readonly data: ObjectData;
  /** The keys of `data` that the operator's last apply set, and nobody has taken over since. */
  readonly ownKeys: readonly string[];
}

/** What one server-side apply of an object holds: all its keys. */
export interface PublishedContents extends PublishedObjectRef {
  /** Of a Secret that is made; one that is there keeps its own. Absent: Opaque. */
  readonly type?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: ObjectData;
}

/** What the API server made of an apply. */
export type StoredContents = Pick<PublishedContents, 'labels' | 'annotations' | 'data'>;

/** Every method may throw a KubernetesError. */
export interface PublishedObjects {
  get(ref: PublishedObjectRef): Promise<PublishedObject | undefined>;
  /**
   * One server-side apply as the operator's field manager. With the object that was read before it is applied under its
   * uid and resourceVersion and takes over the keys; without one it never takes a field from somebody who was faster. The
   * type of a Secret that is there stays as it is.
   * With `dryRun` the API server judges it and stores nothing. Answers the object as it is, or would be, stored: admission
   * may have changed it.
   */
  apply(
    contents: PublishedContents,
    options: { readonly before: PublishedObject | undefined; readonly dryRun: boolean },
  ): Promise<StoredContents>;
}

export interface EventSubject extends ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly uid: string;
}

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What the operator did, for `action`. */
  readonly action: string;
  /** One line, at most 1,024 characters. */
  readonly note: string;
  readonly regarding: EventSubject;
  readonly related?: EventSubject;
}

export interface Events {
  /** Hands an event over and returns at once; a failure to write it is logged and has no other effect. */
  publish(event: EventNote): void;
}

export interface Clock extends TwoClocks {
  delay(ms: number): Promise<void>;
}

export interface Leadership {
  /** Whether this process can prove by its own clocks that it may still write. */
  isLeader(): boolean;
}

export interface ContextLogger extends Logger {
  /** A logger whose every line has these fields. */
  child(fields: Readonly<Record<string, unknown>>): ContextLogger;
}

export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
