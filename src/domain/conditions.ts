/** Condition types and reasons, each with what it means, and the rules of setting one. */
import type { Condition } from './ssl-reset.ts';

/** Work goes on, and nothing is wrong: `Ready` is `Unknown`. */
export type ProgressReason =
  /** What would fail after the reset is looked for before it. */
  | 'Preflight'
  /** The call was recorded and is being made. */
  | 'Requesting'
  /** A call was recorded and its outcome is not known; nothing is called before it is. */
  | 'ResolvingOutcome'
  /** Cloud SQL has accepted the reset and has not begun. */
  | 'OperationPending'
  /** Cloud SQL resets; the operation is followed to its end. */
  | 'OperationRunning'
  /** The server CAs are read and published. */
  | 'Publishing'
  /** The client certificates that the reset deleted are issued anew. */
  | 'IssuingClientCertificates'
  /** The dependent workloads are rolled, and waited for. */
  | 'RollingOut'
  /** A person holds the reset back with the annotation `suspend`. */
  | 'Suspended';

/** Something must be put right, and the operator goes on by itself when it is: `Ready` is `False`. */
export type WaitingReason =
  /** A First Generation instance uses its new server certificate only after somebody has restarted it. */
  | 'RestartRequired'
  /** The instance is not RUNNABLE, or another operation runs on it. */
  | 'WaitingForInstance'
  /** Cloud SQL, or the limit of resets per hour, asks for patience. */
  | 'Throttled'
  /** The operator's Google account may not do it, or has no credentials. */
  | 'PermissionDenied'
  /** Cloud SQL knows no such instance, or does not show it to the operator's Google account. */
  | 'InstanceNotFound'
  /** The Admin API cannot be reached or answers with server errors. */
  | 'CloudSqlUnavailable'
  /** RBAC or an admission webhook refuses a write that comes after the reset, or its object is being deleted. */
  | 'CannotPublish'
  /** A workload that `rollout.targets` names does not exist. */
  | 'TargetNotFound'
  /** The operator met an error that it does not know: a mistake of its own. */
  | 'InternalError';

/** A person must act: `Ready` is `False`, `Stalled` is `True`. */
export type StalledReason =
  /** No administrator allowed this namespace the instance. */
  | 'NotPermitted'
  /** An annotation has a tool recreate the object, as a hook does at each sync, and each time would reset. */
  | 'HookNotAllowed'
  /** The operator runs with --require-preconditions and the object has none. */
  | 'PreconditionsRequired'
  /** `preconditions.notAfterTime` is over. */
  | 'Expired'
  /** This request can never work, says Cloud SQL; or its precondition could guard nothing; or a field cannot be used. */
  | 'InvalidRequest'
  /** The instance demands client certificates, and the reset would delete some that the spec does not name. */
  | 'ClientCertificatesAtRisk'
  /** The operation is DONE with an error. */
  | 'OperationFailed'
  /** Whether a call was executed cannot be told, so nothing is called again. */
  | 'OutcomeUnknown'
  /** The reset is done and the server CA is still the old one. */
  | 'ServerCaUnchanged'
  /** A Secret or ConfigMap of that name is somebody else's, goes with its owner, or is immutable. */
  | 'ObjectConflict'
  /** The instance has a client certificate of that name that we did not issue. */
  | 'ClientCertificateConflict'
  /** Workloads are not healthy with the new server CA, or could not be changed. */
  | 'RolloutFailed'
  /** What was waited for did not come within `deadlineSeconds`. */
  | 'DeadlineExceeded';

export type ReadyReason =
  /** Reset, published and rolled. */
  | 'Complete'
  /** The server CA was not the one of the precondition any more: nothing was called. */
  | 'AlreadyRotated'
  /** The instance has a server certificate already, and the precondition says it has none: nothing was called. */
  | 'AlreadyPresent'
  /** The requestId was executed for this object before, and has come back: nothing was called. */
  | 'AlreadyExecuted';

/** Only of the conditions that tell of one step, and of `Ready` while work goes on. */
export type StepReason =
  /** Of `Ready`, while nothing is wrong; `Reconciling` says what goes on. */
  | 'Progressing'
  /** The steps before it are not done yet. */
  | 'Pending'
  /** Of `ResetDone`: Cloud SQL's operation is done. */
  | 'OperationDone'
  /** Of `ServerCaPublished`: the Secret or ConfigMap holds the server CA. */
  | 'Published'
  /** Of `ClientCertificatesIssued`: each one is live, and in its Secret with its key. */
  | 'Issued'
  /** Of `WorkloadsRolled`: all carry the server CA and are healthy. */
  | 'Rolled'
  /** Of `WorkloadsRolled`: nothing depends on the instance, or all that does is paused or opted out. */
  | 'NothingToRoll'
  /** Of `WorkloadsRolled`: all carried the server CA already, or need no roll since it was kept. */
  | 'Unchanged'
  /** Of `WorkloadsRolled`: some wait for a person. They hold nothing up. */
  | 'ManualActionRequired';

export type Reason = ProgressReason | WaitingReason | StalledReason | ReadyReason | StepReason;

/** What is to be said of a request as a whole. */
export type Verdict =
  | { readonly kind: 'Progressing'; readonly reason: ProgressReason; readonly message: string }
  | { readonly kind: 'Waiting'; readonly reason: WaitingReason; readonly message: string }
  | { readonly kind: 'Stalled'; readonly reason: StalledReason; readonly message: string }
  | { readonly kind: 'Ready'; readonly reason: ReadyReason; readonly message: string };

export const progressing = (reason: ProgressReason, message: string): Verdict => ({
  kind: 'Progressing',
  reason,
  message,
});
export const waiting = (reason: WaitingReason, message: string): Verdict => ({ kind: 'Waiting', reason, message });
export const stalled = (reason: StalledReason, message: string): Verdict => ({ kind: 'Stalled', reason, message });
export const ready = (reason: ReadyReason, message: string): Verdict => ({ kind: 'Ready', reason, message });

export type ConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'ResetDone'
  | 'ServerCaPublished'
  | 'ClientCertificatesIssued'
  | 'WorkloadsRolled';

export interface ConditionValue {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

const MAX_MESSAGE = 1024;

/** Foreign text as one line of at most `max` characters, so that no status write can fail on it, or read back as something else. */
export function oneLine(text: string, max: number = MAX_MESSAGE): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return (line.length <= max ? line : `${line.slice(0, max - 1)}…`).toWellFormed();
}

/**
 * The conditions as they are to be written. `lastTransitionTime` changes only when the status of a condition does.
 */
export function setConditions(
  before: readonly Condition[],
  wanted: readonly ConditionValue[],
  { generation, now }: { readonly generation: number; readonly now: Date },
): readonly Condition[] {
  return wanted.map(({ type, status, reason, message }) => {
    const previous = before.find((condition) => condition.type === type);
    const unchanged = previous?.status === status;
    return {
      type,
      status,
      reason,
      message: oneLine(message),
      observedGeneration: generation,
      lastTransitionTime: unchanged ? previous.lastTransitionTime : toTime(now),
    };
  });
}

/** RFC 3339 with whole seconds, as Kubernetes writes its own times. */
export const toTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

export const findCondition = (
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined => conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: ConditionType): boolean =>
  findCondition(conditions, type)?.status === 'True';
