/** The reasons of conditions, each with what it means, and what a pass does with a request that has it. */

/** Work goes on, and nothing is wrong: `Ready` is `Unknown`. */
export type ProgressReason =
  /** Checking beforehand for anything that would fail after the reset. */
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
  /** The client certificates that the reset deleted are being issued again. */
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
  /** It is not known whether a call was executed, so nothing is called again. */
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

/** Only of the conditions of one step, and of `Ready` while work goes on. */
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

/** `keepsFailures`: the step at which the counted failures happened is not behind the request yet. */
export const PROGRESS: Readonly<Record<ProgressReason, { readonly keepsFailures: boolean }>> = {
  Preflight: { keepsFailures: true },
  Requesting: { keepsFailures: true },
  ResolvingOutcome: { keepsFailures: true },
  OperationPending: { keepsFailures: false },
  OperationRunning: { keepsFailures: false },
  Publishing: { keepsFailures: false },
  IssuingClientCertificates: { keepsFailures: true },
  RollingOut: { keepsFailures: false },
  Suspended: { keepsFailures: false },
};

const WAITING: Readonly<Record<WaitingReason, true>> = {
  RestartRequired: true,
  WaitingForInstance: true,
  Throttled: true,
  PermissionDenied: true,
  InstanceNotFound: true,
  CloudSqlUnavailable: true,
  CannotPublish: true,
  TargetNotFound: true,
  InternalError: true,
};

/** `looksAgain`: what is in the way may go without an event; until the deadline it is looked at again. */
export const STALLED: Readonly<Record<StalledReason, { readonly looksAgain: boolean }>> = {
  NotPermitted: { looksAgain: true },
  HookNotAllowed: { looksAgain: false },
  PreconditionsRequired: { looksAgain: false },
  Expired: { looksAgain: false },
  InvalidRequest: { looksAgain: false },
  ClientCertificatesAtRisk: { looksAgain: false },
  OperationFailed: { looksAgain: false },
  OutcomeUnknown: { looksAgain: false },
  ServerCaUnchanged: { looksAgain: false },
  ObjectConflict: { looksAgain: true },
  ClientCertificateConflict: { looksAgain: false },
  RolloutFailed: { looksAgain: false },
  DeadlineExceeded: { looksAgain: false },
};

/** Somebody else may have written anything into the status. */
const isOneOf =
  <R extends string>(reasons: Readonly<Record<R, unknown>>) =>
  (text: string): text is R =>
    Object.hasOwn(reasons, text);

export const isProgressReason = isOneOf(PROGRESS);
export const isWaitingReason = isOneOf(WAITING);
export const isStalledReason = isOneOf(STALLED);
