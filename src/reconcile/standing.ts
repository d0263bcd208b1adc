/** How an object stands, as little of it as metrics need. */
import type { ConditionType } from '../domain/conditions.ts';
import type { Condition, SslReset } from '../domain/ssl-reset.ts';

export interface ConditionState {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
}

export interface Standing {
  readonly conditions: readonly ConditionState[];
  /** Of `Stalled` or `Reconciling` where one of them is there, else of `Ready`. */
  readonly reason: string | undefined;
}

const TYPES: readonly ConditionType[] = [
  'Ready',
  'Reconciling',
  'Stalled',
  'ResetDone',
  'ServerCaPublished',
  'ClientCertificatesIssued',
  'WorkloadsRolled',
];
const STATUSES = ['True', 'False', 'Unknown'] as const;

export function standingOf({ status: { conditions = [] } }: SslReset): Standing {
  const reasonOf = (type: ConditionType) => conditions.find((one) => one.type === type)?.reason;
  return {
    conditions: shared(conditions.flatMap(stateOf)),
    reason: reasonOf('Stalled') ?? reasonOf('Reconciling') ?? reasonOf('Ready'),
  };
}

/** Whoever else writes the status may have put anything there. */
function stateOf(condition: Condition): readonly ConditionState[] {
  const type = TYPES.find((one) => one === condition.type);
  const status = STATUSES.find((one) => one === condition.status);
  return type === undefined || status === undefined ? [] : [{ type, status }];
}

const known = new Map<string, readonly ConditionState[]>();

/** Ten thousand objects stand in a dozen ways: those that stand alike share one list. */
function shared(states: readonly ConditionState[]): readonly ConditionState[] {
  const key = states.map(({ type, status }) => `${type}=${status}`).join();
  const list = known.get(key) ?? states;
  known.set(key, list);
  return list;
}
