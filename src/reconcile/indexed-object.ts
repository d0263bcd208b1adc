/** What is kept of an object that is watched, of whatever kind: ten thousand of them are held, so each field counts. */
import type { OwnOperations } from '../domain/reset/executed.ts';
import type { Key } from '../lib/key.ts';
import type { ConditionSummary } from './condition-summary.ts';

export interface IndexedObject {
  readonly key: Key;
  readonly uid: string;
  /** Its resourceVersion, which grows with each write; NaN where it is no number. */
  readonly version: number;
  /** As of `instanceKey`: all objects of one instance. */
  readonly group: string;
  /** With the uid it changes exactly when a pass may have something new to do: not by our own status writes. */
  readonly trigger: string;
  /** The operator never takes it away: where it is gone, somebody has wiped the status. */
  readonly hasRequest: boolean;
  /** There is nothing to do for it, unless another object of the instance has done something. */
  readonly isIdle: boolean;
  /** A call was made for its request, or none is needed, and its namespace is not known to be denied. */
  readonly hasBegun: boolean;
  /** Of the active server CA; `readMs` is 0 if the status does not say when it was read. */
  readonly ca: { readonly fingerprint: string; readonly createTimeMs: number; readonly readMs: number } | undefined;
  /** When its newest reset ended, also one whose request was replaced; undefined: it is not known to have had one. */
  readonly resetMs: number | undefined;
  /** Its call was accepted, and nobody has seen the CA of it. `doneMs`: when the end of its operation was seen. */
  readonly unseenCa: { readonly operation: string | undefined; readonly doneMs: number | undefined } | undefined;
  /** The end of the newest reset of another object that its client certificates took account of; undefined: it has none. */
  readonly seenResetMs: number | undefined;
  /** The newest CA of another object that its request was received for once more, by when it was read. */
  readonly followedMs: number | undefined;
  /** Uids of other objects that it knows to have called, or to be about to. */
  readonly siblingCalls: readonly string[];
  readonly call: CallStage;
  readonly doubt: Doubt | undefined;
  /** A client certificate is being issued, or its issue found out: whatever that starts looks like a reset in doubt. */
  readonly isIssuing: boolean;
  /** By which records it is in doubt or issues: another one begins a doubt of its own. */
  readonly openRecords: string | undefined;
  /** Operations of its resets. */
  readonly operations: OwnOperations;
  /** Operations of its client certificates. */
  readonly certificateOperations: readonly string[];
  /** Of its calls that were or may have been executed, in milliseconds since the epoch. */
  readonly callTimes: readonly number[];
  readonly summary: ConditionSummary;
  /** As of `publicationsOf`. */
  readonly publishes: string | undefined;
  /** Of the active server CA as it was read last. */
  readonly caExpiryMs: number | undefined;
}

export type CallStage =
  /** It was not made, or what became of it is in the status. */
  | 'None'
  /** It was recorded, and its end is not seen yet. */
  | 'Open'
  /** Nobody will write down what becomes of it: the object is being deleted, or its outcome was given up. */
  | 'Abandoned';

/** A call of the object may still show up. */
export type Doubt =
  /** Its outcome is being found out. */
  | { readonly kind: 'Unresolved' }
  /** It left no trace, and another attempt is about to follow. `order` is one among all objects. */
  | { readonly kind: 'InDoubt'; readonly order: string };
