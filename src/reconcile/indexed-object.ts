/** What is kept of an object that is watched, of whatever kind: ten thousand of them are held, so each field counts. */
import type { OwnOperations } from '../domain/reset/executed.ts';
import type { Phase } from '../domain/server-ca/rotation/rotation.ts';
import type { Distribution } from '../domain/trust/distribution.ts';
import { type RestartScope, restartScope } from '../domain/trust/pick-up.ts';
import type { Trust } from '../domain/trust/right-template.ts';
import type { Key } from '../lib/key.ts';
import { sharing } from '../lib/shared.ts';
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
  readonly ca:
    | { readonly fingerprint: string; readonly createTimeMs: number | undefined; readonly readMs: number }
    | undefined;
  /** Of the digest of the CAs that it read last, as much as a number holds; undefined: it holds none. */
  readonly listed: number | undefined;
  /**
   * SHA-1 fingerprints of the CAs that it has published wherever it writes the server CA, and that all of its workloads
   * trust; empty: that is not known of any. Undefined: it publishes nothing and rolls nothing, or has not begun to.
   */
  readonly holds: readonly string[] | undefined;
  /** SHA-1 fingerprints of the CAs that it has published, and does not roll for before a maintenance window opens. */
  readonly heldBack: readonly string[];
  /**
   * SHA-1 fingerprints of the CAs that it publishes beside the active one, where it publishes none without need; undefined:
   * it publishes all, or none.
   */
  readonly beside: readonly string[] | undefined;
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
  /** No answer names an operation of its call, and yet one may show up: the answer may have refused a copy of the call. */
  readonly mayHaveRun: boolean;
  /** A client certificate is being issued, or its issue found out: whatever that starts looks like a reset in doubt. */
  readonly isIssuing: boolean;
  /** By which records it is in doubt or issues: another one begins a doubt of its own. */
  readonly openRecords: string | undefined;
  /** Operations of its resets. */
  readonly operations: OwnOperations;
  /** Operations of its client certificates. */
  readonly certificateOperations: readonly string[];
  /**
   * Of its resets, or of the server CAs that it added, that were or may have been executed; in milliseconds since the epoch.
   */
  readonly callTimes: readonly number[];
  readonly summary: ConditionSummary;
  /** As of `publicationsOf`. */
  readonly publishes: string | undefined;
  /** Which workloads it restarts by its spec; undefined: none. */
  readonly restarts: RestartScope | undefined;
  /** Of the active server CA, or of the server certificate if that is earlier and known, as it was read last. */
  readonly caExpiryMs: number | undefined;
  /** Of an object that follows its instance for as long as it is there: it always has something to do. */
  readonly follows: Follower | undefined;
}

const shared = sharing<RestartScope>((scope) => JSON.stringify(scope));

/** The same for all that say the same. */
export function sharedRestarts({ metadata, spec }: Pick<Distribution, 'metadata' | 'spec'>): RestartScope | undefined {
  const scope = metadata.deletionTimestamp === undefined ? restartScope(spec) : undefined;
  return scope && shared(scope);
}

export interface Follower {
  /** What the pods of its workloads must trust. */
  readonly trust: Trust;
  /** SHA-1 fingerprints of the CAs that it has seen as the active one. */
  readonly pastActive: readonly string[];
  readonly rotating: Rotating | undefined;
  /** The CA that it pins, unless it is held back or has stalled. */
  readonly pin: { readonly fingerprint: string; readonly order: string } | undefined;
  /** The phase of its rotation; undefined: it rotates nothing, whatever happens. */
  readonly phase: Phase | undefined;
  /** The operation of its call that was accepted, and whose end nobody has seen; undefined: it has none. */
  readonly followed: string | undefined;
  /** When its rotation is due by the expiry, in milliseconds since the epoch; undefined: never. */
  readonly dueMs: number | undefined;
  /** What holds it back that has no bound of its own. */
  readonly waitsFor: 'approval' | 'window' | 'resume' | undefined;
  /** SHA-1 fingerprints of the CAs that it has switched back from. */
  readonly rejected: readonly string[];
  /** SHA-1 fingerprints of the CAs that its rotations were for. */
  readonly rotatedTo: readonly string[];
}

/** The rotation of an object that has begun one. */
export interface Rotating {
  /** The lower one goes first. */
  readonly order: string;
  /** SHA-1 fingerprints of what it is about to switch to, where that is known, and of its CA. */
  readonly next: readonly string[];
  /** The same of what the instance served by before, and is taken back to where the switch does harm. */
  readonly previous: readonly string[];
  /** A call is recorded, or its effect is watched: nobody else goes first. */
  readonly isBusy: boolean;
  /** It is about to call, or does: one pass works on the instance at a time. */
  readonly isCalling: boolean;
  /** It is held back or has stalled: others need not wait for it. */
  readonly isHeld: boolean;
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

/** The same object, as it was before. */
export const isOlder = (entry: IndexedObject, than: IndexedObject): boolean =>
  entry.uid === than.uid && entry.version < than.version;
