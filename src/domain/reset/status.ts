/** From what a step found out to the next status. The only place that writes conditions, history and what was executed. */
import type { Operation } from '../call/operation.ts';
import { setConditions, type Verdict } from '../conditions.ts';
import type { RolloutStatus } from '../trust/distribution.ts';
import { conditionValues } from './condition-values.ts';
import { type Remembered, remembered } from './executed.ts';
import { nextHistory } from './history.ts';
import type { Plan, SslReset, Status } from './ssl-reset.ts';

/** What a step may change of the status; the rest follows from it. */
type StatusFields = Omit<Status, 'conditions' | 'history' | 'observedGeneration' | keyof Remembered>;

/** The fields of the status that change, each as a whole. What is undefined, or an empty list, goes. */
export type StatusChanges = Omit<StatusFields, 'operation' | 'plan' | 'rollout' | 'nextWindowTime'> & {
  readonly plan?: Plan | undefined;
  readonly operation?: Operation | undefined;
  readonly rollout?: RolloutStatus | undefined;
  readonly nextWindowTime?: string | undefined;
};

/** The object with these changes in its status. Empty lists are left out: by what is there two statuses are compared. */
export function withChanges(reset: SslReset, changes: StatusChanges): SslReset {
  const all = { ...reset.status, ...changes };
  const { operation, plan, rollout, nextWindowTime, clientCertificates = [], siblingCalls = [], ...others } = all;
  const status = {
    ...others,
    ...(operation && { operation }),
    ...(plan && { plan }),
    ...(rollout && { rollout }),
    ...(nextWindowTime !== undefined && { nextWindowTime }),
    ...(clientCertificates.length > 0 && { clientCertificates }),
    ...(siblingCalls.length > 0 && { siblingCalls }),
  };
  return { ...reset, status };
}

/** The next status: what a step changes, the conditions that follow from that and from its verdict, and the history. */
export function summarize(reset: SslReset, changes: StatusChanges, verdict: Verdict, now: Date): Status {
  const { nextWindowTime, ...status } = withChanges(reset, changes).status;
  const generation = status.request?.generation ?? reset.metadata.generation;
  const wanted = conditionValues(reset.spec, status, verdict);
  const history = nextHistory(reset.status, status, verdict, now);
  return {
    ...status,
    observedGeneration: generation,
    conditions: setConditions(reset.status.conditions ?? [], wanted, { generation, now }),
    ...(verdict.reason === 'OutsideWindow' && nextWindowTime !== undefined && { nextWindowTime }),
    ...(history.length > 0 && { history }),
    ...remembered(reset.status, status),
  };
}

/**
 * What rolled so far has rolled without what is new now. Those that were begun before any were judged as a whole need only
 * the server CA.
 */
export function toBeRolled({ rollout: { revision, total, workloads } = {} }: Status): StatusChanges {
  if (revision === undefined) return {};
  return { rollout: { revision, ...(total === undefined && workloads && { workloads }) } };
}
