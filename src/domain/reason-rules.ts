/** What a pass does with a request, by the reason that its condition has. */
import type { ProgressReason, StalledReason, WaitingReason } from './reasons.ts';

/** `keepsFailures`: the step at which the counted failures happened is not behind the request yet. */
export const PROGRESS: Readonly<Record<ProgressReason, { readonly keepsFailures: boolean }>> = {
  Preflight: { keepsFailures: true },
  Requesting: { keepsFailures: true },
  ResolvingOutcome: { keepsFailures: true },
  OperationPending: { keepsFailures: false },
  OperationRunning: { keepsFailures: false },
  Observing: { keepsFailures: true },
  Publishing: { keepsFailures: false },
  IssuingClientCertificates: { keepsFailures: true },
  RollingOut: { keepsFailures: false },
  AddingServerCa: { keepsFailures: false },
  SwitchingServerCa: { keepsFailures: false },
  Verifying: { keepsFailures: false },
  SwitchingBack: { keepsFailures: false },
  Suspended: { keepsFailures: false },
};

/** `hasDeadline`: it is not waited for without a bound. */
export const WAITING: Readonly<Record<WaitingReason, { readonly hasDeadline: boolean }>> = {
  RestartRequired: { hasDeadline: true },
  WaitingForInstance: { hasDeadline: true },
  AwaitingApproval: { hasDeadline: false },
  OutsideWindow: { hasDeadline: false },
  Throttled: { hasDeadline: true },
  PermissionDenied: { hasDeadline: true },
  InstanceNotFound: { hasDeadline: true },
  CloudSqlUnavailable: { hasDeadline: true },
  CannotPublish: { hasDeadline: true },
  TargetNotFound: { hasDeadline: true },
  PasswordMissing: { hasDeadline: true },
  InternalError: { hasDeadline: true },
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
  NotRotatable: { looksAgain: false },
  SiblingNotReady: { looksAgain: false },
  ServerCaNotListed: { looksAgain: false },
  WaitingServerCaReplaced: { looksAgain: false },
  RotationRolledBack: { looksAgain: false },
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
