/** What came to an end with a status write, read from the status before it and the one after. */

import type { Operation } from '../call/operation.ts';
import { endedWorkloads, type WorkloadEnd } from '../trust/ended-workloads.ts';
import { isUnresolved, reconcilingReason } from './request.ts';
import type { Request, Spec, Status } from './ssl-reset.ts';

export type Transition =
  /** The operation of a reset has ended. */
  | {
      readonly kind: 'OperationEnded';
      readonly mode: Spec['mode'];
      readonly outcome: OperationOutcome;
      readonly operation: Operation | undefined;
      /** By Cloud SQL's own clock; undefined if it does not give it. */
      readonly durationSeconds: number | undefined;
    }
  /** A recorded call whose answer nobody had is known, or given up. */
  | { readonly kind: 'OutcomeResolved'; readonly result: Resolved }
  | WorkloadEnd;

export const OPERATION_OUTCOMES = ['Done', 'Failed', 'Unknown'] as const;
export const RESOLVED = ['Adopted', 'NotSent', 'Unknown'] as const;

/** `Unknown`: whether it ran, or how it ended, was given up. */
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];
/** `Adopted`: an operation was found and is the call. `NotSent`: it was not executed. `Unknown`: it was given up. */
export type Resolved = (typeof RESOLVED)[number];

export function transitions(mode: Spec['mode'], before: Status, after: Status): readonly Transition[] {
  const outcome = operationOutcome(before.request, after);
  const result = resolved(before, after.request);
  return [
    ...(outcome === undefined ? [] : [operationEnded(mode, outcome, after)]),
    ...(result === undefined ? [] : [{ kind: 'OutcomeResolved', result } as const]),
    ...endedWorkloads(before.rollout, after.rollout),
  ];
}

function operationOutcome(before: Request | undefined, after: Status): OperationOutcome | undefined {
  const { request, operation } = after;
  if (request?.outcome === 'Unknown') return before?.outcome === 'Unknown' ? undefined : 'Unknown';
  if (request?.outcome !== 'Accepted' || request.doneTime === undefined) return undefined;
  // Received once more, a request that was done before keeps its operation: nothing ended.
  if (before?.doneTime !== undefined && before.time === request.time) return undefined;
  return operation?.error === undefined ? 'Done' : 'Failed';
}

/** An answer never brings the end of its operation along, and is never waited for in `ResolvingOutcome`. */
function resolved(before: Status, request: Request | undefined): Resolved | undefined {
  if (!isUnresolved(before.request) || request?.time !== before.request?.time) return undefined;
  if (request?.outcome === 'Accepted') return request.doneTime === undefined ? undefined : 'Adopted';
  if (request?.outcome === 'Unknown') return 'Unknown';
  const wasInDoubt = reconcilingReason(before) === 'ResolvingOutcome';
  return request?.outcome === 'NotSent' && wasInDoubt ? 'NotSent' : undefined;
}

function operationEnded(mode: Spec['mode'], outcome: OperationOutcome, { operation }: Status): Transition {
  return { kind: 'OperationEnded', mode, outcome, operation, durationSeconds: duration(outcome, operation) };
}

function duration(outcome: OperationOutcome, operation: Operation | undefined): number | undefined {
  if (outcome === 'Unknown') return undefined;
  const { insertTime, endTime } = operation ?? {};
  if (insertTime === undefined || endTime === undefined) return undefined;
  const seconds = (Date.parse(endTime) - Date.parse(insertTime)) / 1000;
  return seconds >= 0 ? seconds : undefined;
}
