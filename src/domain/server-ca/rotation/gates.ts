/** What a rotation waits for before it calls anything. None of it counts against its deadline. */
import { timeOf } from '../../../lib/time.ts';
import { notUnderstood } from '../../not-understood.ts';
import { annotations } from '../../object.ts';
import type { ProgressReason, ReadyReason, RotationReason, StalledReason, WaitingReason } from '../../reasons.ts';
import type { CloudSqlServerCa } from '../server-ca-object.ts';

export type GateReason =
  | Extract<RotationReason, 'RotationDue' | 'WaitingForSiblings'>
  | Extract<ProgressReason, 'Suspended'>
  | Extract<ReadyReason, 'Planned'>
  | Extract<WaitingReason, 'OutsideWindow' | 'AwaitingApproval' | 'Throttled'>
  | Extract<StalledReason, 'NotPermitted' | 'Expired'>;

export interface Gate {
  readonly reason: GateReason;
  readonly message: string;
}

/** What an object pins. */
export interface Pinned {
  /** SHA-1 in lower-case hex. */
  readonly fingerprint: string;
  readonly namespace: string;
}

export interface GateFacts {
  readonly now: Date;
  /** Namespace of another object of the instance whose rotation goes first. */
  readonly goesFirst: string | undefined;
  /** Another object of the instance pins another CA than this rotation is for. */
  readonly pinned?: Pinned | undefined;
}

/** The first that is closed. Permission, the plan, its approval, windows and the hourly limit are asked for right before a call. */
export function gateOf(object: CloudSqlServerCa, { now, goesFirst, pinned }: GateFacts): Gate | undefined {
  const { notAfterTime } = object.spec.preconditions;
  const lastMs = notAfterTime === undefined ? undefined : (timeOf(notAfterTime) ?? Number.NEGATIVE_INFINITY);
  if (lastMs !== undefined && now.getTime() > lastMs) {
    return {
      reason: 'Expired',
      message: `preconditions.notAfterTime ${notAfterTime} is over, so nothing is called: set a later one to rotate`,
    };
  }
  const suspended = object.metadata.annotations[annotations.suspend] ?? 'false';
  if (suspended !== 'false') return { reason: 'Suspended', message: suspendedMessage(suspended) };
  if (pinned !== undefined) {
    return {
      reason: 'WaitingForSiblings',
      message: `Another CloudSqlServerCa of this instance, in namespace ${pinned.namespace}, pins the server CA ${pinned.fingerprint} (rotation.activeSha1Fingerprint) and goes first: have that pin removed, or pin the same one here`,
    };
  }
  if (goesFirst === undefined) return undefined;
  return {
    reason: 'WaitingForSiblings',
    message: `A rotation of the instance by a CloudSqlServerCa in namespace ${goesFirst} goes first`,
  };
}

const suspendedMessage = (value: string): string =>
  value === 'true'
    ? `The rotation is held back by the annotation ${annotations.suspend}; the instance is followed all the same`
    : `${notUnderstood(annotations.suspend, value)}, so the rotation is held back: set it to "true" or "false", or remove it`;
