/** Condition types, the verdict on a request, and the rules of setting a condition. */
import { oneLine } from '../lib/one-line.ts';
import { toTime } from '../lib/time.ts';
import type { Condition } from './object.ts';
import type { ProgressReason, ReadyReason, Reason, StalledReason, WaitingReason } from './reasons.ts';

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

export const CONDITION_TYPES = [
  'Ready',
  'Reconciling',
  'Stalled',
  'ResetDone',
  'ServerCaPublished',
  'ClientCertificatesIssued',
  'WorkloadsRolled',
  'ServerCaRotated',
] as const;

export type ConditionType = (typeof CONDITION_TYPES)[number];

export const CONDITION_STATUSES = ['True', 'False', 'Unknown'] as const;

export type ConditionStatus = (typeof CONDITION_STATUSES)[number];

export interface ConditionValue {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: Reason;
  readonly message: string;
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

export const findCondition = (
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined => conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: ConditionType): boolean =>
  findCondition(conditions, type)?.status === 'True';

/** `Ready`, and of `Reconciling` and `Stalled` the one that is true. */
export function summaryValues({ kind, reason, message }: Verdict): readonly ConditionValue[] {
  switch (kind) {
    case 'Ready':
      return [{ type: 'Ready', status: 'True', reason, message }];
    case 'Progressing':
      return [
        { type: 'Ready', status: 'Unknown', reason: 'Progressing', message },
        { type: 'Reconciling', status: 'True', reason, message },
      ];
    case 'Waiting':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Reconciling', status: 'True', reason, message },
      ];
    case 'Stalled':
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Stalled', status: 'True', reason, message },
      ];
  }
}

/** What a condition says that is not true yet. */
export const verdictOf = ({ reason, message }: Verdict): Pick<ConditionValue, 'reason' | 'message'> => ({
  reason,
  message,
});
