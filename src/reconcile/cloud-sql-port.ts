/** What a pass needs of the Cloud SQL Admin API. */
import type { Operation } from '../domain/call/operation.ts';
import type { CallResult, IssueResult } from '../domain/call/result.ts';
import type { ClientCertificate, Instance, InstanceRef, ServerCas, SignedCertificates } from '../domain/instance.ts';
import type { Spec } from '../domain/reset/ssl-reset.ts';
import type { Key } from '../lib/key.ts';

/**
 * Reads of the Cloud SQL Admin API. They throw a CloudSqlError; they keep to the rate themselves, and throw `Throttled`
 * where that would hold them up for too long.
 */
export interface CloudSqlReads {
  instance(ref: InstanceRef): Promise<Instance>;
  serverCas(ref: InstanceRef): Promise<ServerCas>;
  /**
   * SHA-1 fingerprint of the active server certificate of an instance with a CA service, lower-case hex; undefined where
   * Cloud SQL does not give it.
   */
  serverCertificate(ref: InstanceRef): Promise<string | undefined>;
  /**
   * The server certificates of an instance with a CA service, and the CAs that signed them.
   * @throws CloudSqlError `Invalid` where the instance is not of that kind, `Unreadable` where the list does not say which
   *   one is active, or which CA signed which
   */
  serverCertificates(ref: InstanceRef): Promise<SignedCertificates>;
  clientCertificates(ref: InstanceRef): Promise<readonly ClientCertificate[]>;
  /**
   * The operation as it is, or was within the last few seconds.
   * @throws CloudSqlError `NotFound` where the operation does not exist (any more)
   */
  operation(project: string, name: string): Promise<Operation>;
  /**
   * The operations of the instance, newest first: pages are read until one holds an operation for which `isKnown`
   * answers true, or until `limit` operations were read.
   */
  operations(
    ref: InstanceRef,
    options: { readonly limit: number; readonly isKnown?: (operation: Operation) => boolean },
  ): Promise<readonly Operation[]>;
}

/** Who is to be called when an operation changes. */
export interface OperationWatch {
  /** The object that follows it. Where the same one asks again, that takes the place of its last watch. */
  readonly by: Key;
  readonly onChange: () => void;
}

/** The right to one call that changes something, under the quota of a project. */
export interface Slot {
  /** The call is being sent. */
  spend(): void;
  /** No call is made: the next one in line may go. Without effect on a slot that is spent or was given back. */
  giveBack(): void;
}

export interface Slots {
  /** A slot of the project, where one is free and nobody waits for it. */
  trySlot(project: string): Slot | undefined;
  /** Milliseconds for which no slot comes, since Cloud SQL refused a call of the project for its quota; 0: it has not. */
  slotPauseMs(project: string): number;
  /** The next slot that calls of what is under way leave free, however long that takes. */
  slot(project: string): Promise<Slot>;
}

/** The Cloud SQL Admin API. */
export interface CloudSql extends CloudSqlReads, Slots {
  /**
   * Looks at the operation until it has another status than this one or is not known any more, and calls once then; an
   * end is seen about a second after it. Forgotten some while after nobody asked for it any more. A look that fails calls
   * nobody: `operation` says why.
   */
  watchOperation(project: string, operation: Operation, watch: OperationWatch): void;
  /** The same reads, at low priority: behind those of all that is under way. */
  readonly lowPriority: CloudSqlReads;
  /** The account's e-mail address; undefined if the credentials do not have it. */
  identity(): Promise<string | undefined>;
  /**
   * Has a token ready, so that with the slot at hand nothing but the call itself is left to do.
   * The function it answers makes the call: once, never retried, and it never throws.
   * @throws CloudSqlError `Forbidden` where no token can be had, `Unavailable` where its issuer cannot be reached
   */
  prepareReset(ref: InstanceRef, mode: Spec['mode'], slot: Slot): Promise<() => Promise<CallResult>>;
  /**
   * The same for the issue of a client certificate. It is part of what is under way, and takes the next slot by itself.
   * @throws CloudSqlError as above, and `Throttled` where a slot would take too long
   */
  prepareClientCertificate(ref: InstanceRef, commonName: string): Promise<() => Promise<IssueResult>>;
  /**
   * The same for the deletion of one. A fingerprint is never used again, so it may be repeated.
   * The function that it answers throws a CloudSqlError, and else gives the operation that it began.
   */
  prepareClientCertificateDeletion(ref: InstanceRef, sha1Fingerprint: string): Promise<() => Promise<Operation>>;
}

/** The calls of a rotation. Each is made as that of a reset: once, never retried, and it never throws. */
export interface RotationCalls {
  /**
   * Has a call of `addServerCa` ready, in the slot at hand.
   * @throws CloudSqlError as `prepareReset`
   */
  prepareAddServerCa(ref: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>>;
  /**
   * The same for `rotateServerCa`. It is part of what is under way, and takes the next slot by itself.
   * @param nextVersion SHA-1 fingerprint of the CA that the instance is to serve by. It is always named: without it Cloud
   *   SQL takes the CA that was added last, whoever added it
   * @throws CloudSqlError as above, and `Throttled` where a slot would take too long
   */
  prepareRotateServerCa(ref: InstanceRef, nextVersion: string): Promise<() => Promise<CallResult>>;
  /** The same two of an instance with a CA service: what is added, and named, is a server certificate. */
  prepareAddServerCertificate(ref: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>>;
  prepareRotateServerCertificate(ref: InstanceRef, nextVersion: string): Promise<() => Promise<CallResult>>;
}
