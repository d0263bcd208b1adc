/** Why a rotation stops, and whether it is tried again by itself. */
import type { StalledReason } from '../../reasons.ts';

export type RotationStalledReason = Extract<
  StalledReason,
  | 'InvalidRequest'
  | 'SiblingNotReady'
  | 'ServerCaNotListed'
  | 'WaitingServerCaReplaced'
  | 'NotRotatable'
  | 'RotationRolledBack'
  | 'OperationFailed'
  | 'OutcomeUnknown'
  | 'DeadlineExceeded'
>;

/** `triesAgain`: a rotation by expiry begins again after some hours. */
export const ROTATION_STALLED: Readonly<Record<RotationStalledReason, { readonly triesAgain: boolean }>> = {
  InvalidRequest: { triesAgain: false },
  SiblingNotReady: { triesAgain: true },
  ServerCaNotListed: { triesAgain: true },
  WaitingServerCaReplaced: { triesAgain: true },
  NotRotatable: { triesAgain: false },
  RotationRolledBack: { triesAgain: false },
  OperationFailed: { triesAgain: true },
  OutcomeUnknown: { triesAgain: false },
  DeadlineExceeded: { triesAgain: true },
};

export const isRotationStalledReason = (text: string): text is RotationStalledReason =>
  Object.hasOwn(ROTATION_STALLED, text);
