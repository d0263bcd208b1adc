/** How long publishing and rolling may stand still. The instance is followed also after that. */

import { oneLine } from '../../lib/one-line.ts';
import { shell } from '../../lib/shell.ts';
import { timeOf } from '../../lib/time.ts';
import { findCondition, stalled, type Verdict } from '../conditions.ts';
import { type CloudSqlServerCa, hasNewRetry, type Status, stalledReason } from './server-ca-object.ts';
import type { StatusChanges } from './status.ts';

/** The verdict, or that its time is over: no workload has come further, and nothing else has changed for so long. */
export function withinDeadline(object: CloudSqlServerCa, changes: StatusChanges, verdict: Verdict, now: Date): Verdict {
  if (verdict.kind !== 'Progressing' && verdict.kind !== 'Waiting') return verdict;
  if (hasMoved(object, changes) || !isOver(object, now)) return verdict;
  const { deadlineSeconds } = object.spec;
  const { reason, message } = verdict;
  return stalled(
    'DeadlineExceeded',
    `No progress within deadlineSeconds (${deadlineSeconds} s). Last: ${reason}: ${oneLine(message, 700)}. Retry with: ${retryCommand(object)}`,
  );
}

/** Something is new since the status was written. */
const hasMoved = (object: CloudSqlServerCa, changes: StatusChanges): boolean =>
  (stalledReason(object) !== undefined && hasNewRetry(object)) ||
  object.status.observedGeneration !== object.metadata.generation ||
  (changes.readTime !== undefined && changes.readTime !== object.status.readTime) ||
  progressMs(changes) > progressMs(object.status);

const progressMs = ({ rollout }: Pick<Status, 'rollout'> | StatusChanges): number => timeOf(rollout?.progressTime) ?? 0;

function isOver(object: CloudSqlServerCa, now: Date): boolean {
  if (stalledReason(object) === 'DeadlineExceeded') return true;
  const reconciling = findCondition(object.status.conditions, 'Reconciling');
  if (reconciling === undefined) return false;
  const sinceMs = Math.max(timeOf(reconciling.lastTransitionTime) ?? 0, progressMs(object.status));
  return now.getTime() - sinceMs >= object.spec.deadlineSeconds * 1000;
}

export const retryCommand = ({ metadata: { namespace, name } }: CloudSqlServerCa): string =>
  shell`kubectl -n ${namespace} annotate sqlca ${name} --overwrite cloudsql-ssl.dev/retry="$(date +%s)"`;
