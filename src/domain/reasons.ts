/** The reasons of conditions, each with what it means. */

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
  /** The server CAs of the instance are read for the first time. */
  | 'Observing'
  /** The server CAs are read and published. */
  | 'Publishing'
  /** The client certificates that the reset deleted are being issued again. */
  | 'IssuingClientCertificates'
  /** The dependent workloads are rolled, and waited for. */
  | 'RollingOut'
  /** The call that adds a server CA was recorded, and is being made or followed. */
  | 'AddingServerCa'
  /** The same of the call by which the instance serves by the next server CA. */
  | 'SwitchingServerCa'
  /** The instance serves by the next server CA, and its dependents are watched. */
  | 'Verifying'
  /** Dependents failed after the switch: the instance is to serve by the server CA of before again. */
  | 'SwitchingBack'
  /** A person holds the reset back with the annotation `suspend`. */
  | 'Suspended';

/** Something must be put right, and the operator goes on by itself when it is: `Ready` is `False`. */
export type WaitingReason =
  /** A First Generation instance uses its new server certificate only after somebody has restarted it. */
  | 'RestartRequired'
  /** The instance is not RUNNABLE, or another operation runs on it. */
  | 'WaitingForInstance'
  /** A person has to approve the plan. No deadline runs meanwhile. */
  | 'AwaitingApproval'
  /** No maintenance window is open. No deadline runs meanwhile. */
  | 'OutsideWindow'
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
  /** The password of a keystore is not there, or not given to the object; all else goes on. */
  | 'PasswordMissing'
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
  /** A server CA waits that clients cannot tell from the active one; or the instance cannot rotate its server CA. */
  | 'NotRotatable'
  /** An object of the instance does not have the next server CA everywhere, so nothing is switched. */
  | 'SiblingNotReady'
  /** The pinned server CA is none that the instance lists, or has expired. */
  | 'ServerCaNotListed'
  /** The waiting server CA was replaced by somebody again and again. */
  | 'WaitingServerCaReplaced'
  /** Dependents failed after the switch, and the instance serves by the server CA of before again. */
  | 'RotationRolledBack'
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
  | 'AlreadyExecuted'
  /** `spec.planOnly` is true: the plan is made and kept up to date, and nothing is called. */
  | 'Planned'
  /** The server CAs of the instance are published, and all workloads that may roll by now have them. */
  | 'UpToDate';

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

/** Of `ServerCaRotated`, which says how a rotation stands while the object is `Ready` all the same. */
export type RotationReason =
  /** True: none is due. */
  | 'Rotated'
  /** One is due, and goes on, or is tried again. */
  | 'RotationDue'
  /** All dependents have both server CAs; clients that the operator does not know have `holdSeconds` to get them. */
  | 'Holding'
  /** Another object of the instance goes first, or does not have the next server CA everywhere yet. */
  | 'WaitingForSiblings';

export type Reason = ProgressReason | WaitingReason | StalledReason | ReadyReason | StepReason | RotationReason;
