/** What is said of a roll that is not settled. */
import { progressing, waiting } from '../../domain/conditions.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { isOpen, isTried } from '../../domain/trust/rollout-status.ts';
import { oneLine } from '../../lib/one-line.ts';
import { after, type Conclusion } from '../pass.ts';
import { type Reading, unreadMessage } from './find-dependents.ts';

/** Health is judged once a second while a roll goes on, besides what its watches show. */
const JUDGE_EVERY_MS = 1_000;

/**
 * Nothing but what cannot be read keeps it from its end: if that is forbidden, somebody must put it right.
 * @param awaiting the rows of those that wait for another object: said once, however many they are
 */
export function rollGoesOn(
  rollout: RolloutStatus,
  { unread }: Reading,
  [awaiting]: readonly WorkloadStatus[],
): Conclusion {
  const obstacle = unread.find(({ error }) => error.kind !== 'Unavailable');
  if (obstacle !== undefined && !rollout.workloads?.some(isOpen))
    return { verdict: waiting('CannotPublish', unreadMessage(obstacle)) };
  const awaited = awaiting?.message === undefined ? [] : [`${awaiting.kind} ${awaiting.name}: ${awaiting.message}`];
  const message = [rollingMessage(rollout), ...awaited, ...unread.map(unreadMessage)].join('; ');
  return { verdict: progressing('RollingOut', message), next: after(JUDGE_EVERY_MS) };
}

function rollingMessage({ summary = '', workloads = [] }: RolloutStatus): string {
  const named = ({ kind, name }: WorkloadStatus): string => `${kind} ${name}`;
  const rows = workloads.filter(({ state }) => state === 'Rolling').slice(0, 10);
  const open = rows.map((row, index) =>
    row.message === undefined || index >= 3 ? named(row) : `${named(row)} (${oneLine(row.message, 256)})`,
  );
  const tried = workloads.filter(isTried).slice(0, 3);
  return [
    `${summary} rolled`,
    ...(open.length === 0 ? [] : [`waiting for ${open.join(', ')}`]),
    ...tried.map((row) => `trying again ${named(row)}: ${oneLine(row.message ?? '', 256)}`),
  ].join('; ');
}
