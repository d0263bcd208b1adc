/** From what a step found out to the next status. The only place that writes conditions, history and what was executed. */
import { oneLine } from '../../lib/one-line.ts';
import type { Operation } from '../call/operation.ts';
import { setConditions, type Verdict } from '../conditions.ts';
import type { RolloutStatus } from '../trust/distribution.ts';
import { isFailure } from '../trust/rollout-status.ts';
import { conditionValues } from './condition-values.ts';
import { type Remembered, remembered } from './executed.ts';
import { nextHistory } from './history.ts';
import type { SslReset, Status } from './ssl-reset.ts';

/** What a step may change of the status; the rest follows from it. */
type StatusFields = Omit<Status, 'conditions' | 'history' | 'observedGeneration' | keyof Remembered>;

/** The fields of the status that change, each as a whole. What is undefined, or an empty list, goes. */
export type StatusChanges = Omit<StatusFields, 'operation' | 'rollout'> & {
  readonly operation?: Operation | undefined;
  readonly rollout?: RolloutStatus | undefined;
};

/** The object with these changes in its status. Empty lists are left out: by what is there two statuses are compared. */
export function withChanges(reset: SslReset, changes: StatusChanges): SslReset {
  const { operation, rollout, clientCertificates = [], siblingCalls = [], ...others } = { ...reset.status, ...changes };
  const status = {
    ...others,
    ...(operation && { operation }),
    ...(rollout && { rollout }),
    ...(clientCertificates.length > 0 && { clientCertificates }),
    ...(siblingCalls.length > 0 && { siblingCalls }),
  };
  return { ...reset, status };
}

/** The next status: what a step changes, the conditions that follow from that and from its verdict, and the history. */
export function summarize(reset: SslReset, changes: StatusChanges, verdict: Verdict, now: Date): Status {
  const { status } = withChanges(reset, changes);
  const generation = status.request?.generation ?? reset.metadata.generation;
  const wanted = conditionValues(reset.spec, status, verdict);
  const history = nextHistory(reset.status, status, verdict, now);
  return {
    ...status,
    observedGeneration: generation,
    conditions: setConditions(reset.status.conditions ?? [], wanted, { generation, now }),
    ...(history.length > 0 && { history }),
    ...remembered(reset.status, status),
  };
}

/** What failed in the roll, as one line that names each workload. */
export function failureMessage({ rollout }: Status): string {
  const rows = (rollout?.workloads ?? []).filter(isFailure);
  const names = rows.map(({ kind, name, message = '' }) => `${kind} ${name}${message === '' ? '' : `: ${message}`}`);
  return names.length === 0 ? `${rollout?.failed ?? 0} workloads failed` : oneLine(names.join('; '));
}

/** What rolled so far has rolled without what is new now. */
export const toBeRolled = ({ rollout }: Status): StatusChanges =>
  rollout?.revision === undefined ? {} : { rollout: { revision: rollout.revision } };
