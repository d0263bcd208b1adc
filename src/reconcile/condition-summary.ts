/** How an object stands, as little of it as metrics need. */
import { CONDITION_STATUSES, CONDITION_TYPES, type ConditionStatus, type ConditionType } from '../domain/conditions.ts';
import type { Condition } from '../domain/object.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';

export interface ConditionState {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
}

export interface ConditionSummary {
  readonly conditions: readonly ConditionState[];
  /** Of `Stalled` or `Reconciling` where one of them is there, else of `Ready`. */
  readonly reason: string | undefined;
}

export function conditionSummary({ status: { conditions = [] } }: SslReset): ConditionSummary {
  const reasonOf = (type: ConditionType) => conditions.find((one) => one.type === type)?.reason;
  const reason = reasonOf('Stalled') ?? reasonOf('Reconciling') ?? reasonOf('Ready');
  return shared({ conditions: conditions.flatMap(stateOf), reason });
}

/** Another writer of the status may have put anything there. */
function stateOf(condition: Condition): readonly ConditionState[] {
  const type = CONDITION_TYPES.find((one) => one === condition.type);
  const status = CONDITION_STATUSES.find((one) => one === condition.status);
  return type === undefined || status === undefined ? [] : [{ type, status }];
}

/** Far more than the operator itself can write. */
const MAX_SHARED = 1_000;
const known = new Map<string, ConditionSummary>();

/** Ten thousand objects stand in a dozen ways: those that stand alike share one record. */
function shared(summary: ConditionSummary): ConditionSummary {
  const key = JSON.stringify(summary);
  const found = known.get(key);
  if (found === undefined && known.size < MAX_SHARED) known.set(key, summary);
  return found ?? summary;
}
