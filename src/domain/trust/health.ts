/** How a workload fares after its pod template changed. */
import type { Workload } from './workload.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';

export type Health =
  | { readonly kind: 'Healthy' }
  | { readonly kind: 'Failed'; readonly message: string }
  | { readonly kind: 'Waiting'; readonly message: string }
  /** Its controller has done what it does by itself; the rest is up to a person. */
  | { readonly kind: 'ManualActionRequired'; readonly message: string };

export function health(workload: Workload): Health {
  if (workload.status.observedGeneration < workload.generation) {
    return { kind: 'Waiting', message: 'Its controller has not seen the change yet' };
  }
  const found = WORKLOAD_KINDS[workload.kind].health(workload);
  if (found.kind === 'Waiting' && workload.standstill !== undefined) return workload.standstill;
  return withProblem(found, workload.status.problem);
}

/** What its controller says belongs to the message from the first second on. */
function withProblem(found: Health, problem: string | undefined): Health {
  const isOpen = found.kind === 'Waiting' || found.kind === 'Failed';
  // Argo repeats its conditions in its own words.
  if (problem === undefined || !isOpen || found.message.includes(problem)) return found;
  return { ...found, message: `${found.message}: ${problem}` };
}
