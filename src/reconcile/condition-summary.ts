/** How an object stands, as little of it as metrics need. */
import { CONDITION_STATUSES, CONDITION_TYPES, type ConditionStatus, type ConditionType } from '../domain/conditions.ts';
import type { Condition } from '../domain/object.ts';
import { sharing } from '../lib/shared.ts';

export interface ConditionState {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
}

export interface ConditionSummary {
  readonly conditions: readonly ConditionState[];
  /** Of `Stalled` or `Reconciling` where one of them is there, else of `Ready`. */
  readonly reason: string | undefined;
}

const shared = sharing<ConditionSummary>((summary) => JSON.stringify(summary));

export function conditionSummary(conditions: readonly Condition[] = []): ConditionSummary {
  const reasonOf = (type: ConditionType) => conditions.find((one) => one.type === type)?.reason;
  const reason = reasonOf('Stalled') ?? reasonOf('Reconciling') ?? reasonOf('Ready');
  return shared({ conditions: conditions.flatMap(stateOf), reason });
}

export const isStalled = ({ conditions }: ConditionSummary): boolean =>
  conditions.some(({ type, status }) => type === 'Stalled' && status === 'True');

/** Another writer of the status may have put anything there. */
function stateOf(condition: Condition): readonly ConditionState[] {
  const type = CONDITION_TYPES.find((one) => one === condition.type);
  const status = CONDITION_STATUSES.find((one) => one === condition.status);
  return type === undefined || status === undefined ? [] : [{ type, status }];
}
