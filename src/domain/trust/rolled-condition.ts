/** The condition `WorkloadsRolled` of a roll that has begun, and how its end is put in words. */
import { type ConditionValue, type Verdict, verdictOf } from '../conditions.ts';
import { looksForReferences } from './dependents.ts';
import type { DistributionSpec, RolloutStatus } from './distribution.ts';
import { rolloutSelector, selectorQuery } from './label-selector.ts';
import { hasRolledNothing, leftToPeople } from './rollout-status.ts';

export const ALREADY_CARRIED = 'already carried the server CAs: nothing was rolled';

/** @param unchanged why none had to roll, where none had to */
export function rolledValue(
  spec: DistributionSpec,
  rollout: RolloutStatus,
  verdict: Verdict,
  unchanged: string,
): ConditionValue {
  const type = 'WorkloadsRolled';
  if (rollout.total === undefined) return { type, status: 'False', ...verdictOf(verdict) };
  const { total, rolled = 0, skipped = 0 } = rollout;
  if (total === 0) return { type, status: 'True', reason: 'NothingToRoll', message: nothingSelected(spec) };
  if (rolled + skipped < total && verdict.kind !== 'Ready') return { type, status: 'False', ...verdictOf(verdict) };
  return { type, status: 'True', ...howItEnded(rollout, unchanged) };
}

function nothingSelected(spec: DistributionSpec): string {
  const { kinds } = spec.rollout;
  const selector = `the labels ${selectorQuery(rolloutSelector(spec))}`;
  const references = looksForReferences(spec) ? ', and none refers to what is published' : '';
  return `No ${kinds.length === 0 ? 'workload' : kinds.join(', ')} carries ${selector}${references}`;
}

/** Of a roll that has settled without a failure. */
function howItEnded(rollout: RolloutStatus, unchanged: string): Pick<ConditionValue, 'reason' | 'message'> {
  const { total = 0, rolled = 0, skipped = 0, paused = 0, workloads = [] } = rollout;
  const manual = leftToPeople(rollout);
  const rest = `${skipped === 0 ? '' : `, ${skipped} skipped`}${paused === 0 ? '' : `, ${paused} paused`}`;
  if (manual > 0) {
    const named = workloads
      .filter(({ state }) => state === 'ManualActionRequired')
      .slice(0, 10)
      .map(({ kind, name }) => `${kind} ${name}`);
    return {
      reason: 'ManualActionRequired',
      message: `${rolled} rolled and healthy${rest}, ${manual} left to a person (rollout.workloads says what to do): ${named.join(', ')}`,
    };
  }
  if (rolled === 0) return { reason: 'NothingToRoll', message: `All ${total} are paused or opted out` };
  if (!hasRolledNothing(rollout)) return { reason: 'Rolled', message: `${rolled} rolled and healthy${rest}` };
  return { reason: 'Unchanged', message: `${rolled} ${unchanged}${rest}` };
}

/** What a roll has come to, in parts of one line; those that say nothing are ''. */
export const rollWords = (
  rollout: RolloutStatus | undefined,
): { readonly [K in 'rolled' | 'manual' | 'paused']: string } => {
  const manual = rollout === undefined ? 0 : leftToPeople(rollout);
  return {
    rolled: rollout?.summary === undefined ? '' : `${rollout.summary} workloads rolled`,
    manual: manual === 0 ? '' : `${manual} left to a person: see rollout.workloads`,
    paused:
      rollout?.paused === undefined ? '' : `${rollout.paused} paused, and rolled when resumed: see rollout.workloads`,
  };
};
