/** A workload whose pods stay: who of them is still to be told, and how it fares once all have been. */
import { timeOf } from '../../lib/time.ts';
import { type Judgement, NOT_HEALTHY } from './carrier.ts';
import type { RolloutSpec, WorkloadStatus } from './distribution.ts';
import type { Pod } from './pod.ts';
import { rightRevisions, type Trust } from './right-template.ts';
import type { Reload, Workload } from './workload.ts';

export interface Right {
  /** What the pods are to be told. */
  readonly wanted: Readonly<Record<string, string>>;
  /** The key of the server CAs in it, for which more than one value is right by what the pods must trust. */
  readonly caKey: string;
  readonly trust?: Trust | undefined;
}

/** Those that do not carry what is right. */
export function notTold(pods: readonly Pod[], { wanted, caKey, trust }: Right): readonly Pod[] {
  const right = trust === undefined ? new Set<string>() : rightRevisions(trust);
  const carries = ({ told }: Pod, key: string, value: string): boolean =>
    told[key] === value || (key === caKey && right.has(told[key] ?? ''));
  return pods.filter((pod) => !Object.entries(wanted).every(([key, value]) => carries(pod, key, value)));
}

/**
 * Those that may have been made before it was published. Both times are in seconds: of the same one nobody knows.
 * @param publishedTime RFC 3339, by the API server's clock; undefined: not known
 */
export const madeBefore = (pods: readonly Pod[], publishedTime: string | undefined): readonly Pod[] =>
  pods.filter(({ createdTime }) => !((timeOf(createdTime) ?? 0) > (timeOf(publishedTime) ?? Number.POSITIVE_INFINITY)));

/** Its row says so, since nothing else shows that it was not restarted. */
export const RELOADS = 'Its pods were told to read it again, and not restarted';

/** Of one whose pods have all been told, or needed no word. */
export function judgeReload(
  workload: Workload,
  { found, toldTime }: Reload,
  before: WorkloadStatus | undefined,
  { now, rollout: { reloadSeconds } }: { readonly now: string; readonly rollout: RolloutSpec },
): Judgement {
  const { desiredReplicas, status } = workload;
  const sinceMs = timeOf(toldTime ?? before?.startTime);
  if (sinceMs !== undefined && Date.parse(now) - sinceMs < reloadSeconds * 1000) {
    return { state: 'Rolling', message: `${RELOADS}; it is judged ${reloadSeconds} s after that` };
  }
  if (found !== undefined && found < status.replicas) {
    const message = `Only ${found} of its ${status.replicas} pods are known to be its own`;
    return { state: 'Rolling', message, late: NOT_HEALTHY };
  }
  if (status.availableReplicas < desiredReplicas) {
    const problem = status.problem === undefined ? '' : `: ${status.problem}`;
    const message = `${status.availableReplicas} of ${desiredReplicas} replicas are available${problem}`;
    return { state: 'Rolling', message, late: NOT_HEALTHY };
  }
  return sinceMs === undefined ? { state: 'Rolled' } : { state: 'Rolled', message: RELOADS };
}
