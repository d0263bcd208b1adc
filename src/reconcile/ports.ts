/** What a pass needs of what is around it, as narrow as it is used. Adapters implement these; tests fake them. */

import type { NamespaceView } from '../domain/permission.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import type { WorkloadKind } from '../domain/trust/distribution.ts';
import type { PublishedKind } from '../domain/trust/published-kinds.ts';
import type { Pod } from '../domain/trust/unready-pods.ts';
import type { OtherObject, TemplateAnnotations, Workload, WorkloadRef } from '../domain/trust/workload.ts';
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
export interface Namespaces {
  /** The namespace as it is now; undefined where the operator has no right to read it. */
  get(namespace: string): Promise<NamespaceView | undefined>;
}

interface OfKinds {
  /** No others are asked for; of one that the API server does not know there are none. */
  readonly kinds: readonly WorkloadKind[];
}

/** Those of the namespace that are wanted, picked as they are read. */
interface ByNamespace extends OfKinds {
  readonly by: 'Namespace';
  readonly isWanted: (workload: Workload) => boolean;
}

/** Those whose labels match a selector in the API server's syntax. */
interface BySelector extends OfKinds {
  readonly by: 'Selector';
  readonly selector: string;
}

export type WorkloadQuery = ByNamespace | BySelector;

/** Every method may throw a KubernetesError. */
export interface Workloads {
  /** Read page by page; what is not asked for, or no part of a `Workload`, is dropped on arrival. */
  list(namespace: string, query: WorkloadQuery): Promise<readonly Workload[]>;
  get(ref: WorkloadRef): Promise<Workload | undefined>;
  /**
   * Sets these annotations of the pod template and touches nothing else, by merge patch under uid and resourceVersion of `workload`.
   * With `dryRun` the API server judges it and stores nothing. Answers the workload as it is, or would be, stored: admission
   * may have changed it.
   */
  annotateTemplate(
    workload: Workload,
    annotations: TemplateAnnotations,
    options?: { readonly dryRun: boolean },
  ): Promise<Workload>;
}

/** Every method may throw a KubernetesError. */
export interface Pods {
  /** The pods that the workload selects; others may be among them. */
  list(workload: Workload): Promise<readonly Pod[]>;
  /**
   * Deletes it as its controller would, under its uid and resourceVersion.
   * @throws KubernetesError `Conflict` when it changed, `NotFound` when it is gone
   */
  delete(pod: Pod): Promise<void>;
}

export interface PublishedObjectRef extends ObjectRef {
  readonly kind: PublishedKind;
}

/** A Secret or ConfigMap as it is in the cluster; `data` is decoded text. */
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
  readonly data: Readonly<Record<string, string>>;
}

/** What one server-side apply of an object holds: all its keys. */
export interface PublishedContents extends PublishedObjectRef {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
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
