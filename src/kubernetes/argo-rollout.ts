/** What an Argo Rollout says in other words than the kinds of Kubernetes itself. */
import type { ArgoStatus, Workload } from '../domain/trust/workload.ts';
import { arrayAt, numberAt, objectAt, textAt } from '../lib/json.ts';
import { toOther } from './metadata.ts';

export function templateFrom(object: unknown): Pick<Workload, 'templateFrom'> {
  const reference = objectAt(objectAt(object, 'spec'), 'workloadRef');
  return textAt(reference, 'name') === '' ? {} : { templateFrom: toOther(reference) };
}

/** A text there. Older controllers put a hash into it: it counts as observed, as for Argo's own tool. */
export function argoGeneration(object: unknown): number {
  const generation = numberAt(objectAt(object, 'metadata'), 'generation') ?? 0;
  const observed = textAt(objectAt(object, 'status'), 'observedGeneration');
  return /^\d+$/.test(observed) ? Math.min(Number(observed), generation) : generation;
}

export function argoStatus(object: unknown): ArgoStatus {
  const status = objectAt(object, 'status');
  return {
    phase: textAt(status, 'phase'),
    message: textAt(status, 'message'),
    awaitsPromotion: arrayAt(status, 'pauseConditions').some(
      (condition) => !isForATime(textAt(condition, 'reason'), object),
    ),
    isUnconfirmed: isUnconfirmed(object),
    awaitsRestart: awaitsRestart(object),
    isAborted: objectAt(object, 'status').abort === true,
    observedTemplateGeneration: Number(textAt(status, 'workloadObservedGeneration')) || 0,
  };
}

/**
 * Of a change of its scale that comes with one of its template, the controller first writes a phase by the counts of the old
 * template, as if it had seen both. Its condition then says otherwise. With a router of traffic that stays so as long as it
 * keeps the old pods.
 */
function isUnconfirmed(object: unknown): boolean {
  const canary = objectAt(objectAt(objectAt(object, 'spec'), 'strategy'), 'canary');
  return healthyCondition(object) === 'False' && canary.trafficRouting === undefined;
}

/** The controller writes `Progressing` for as long as a restart is ahead, be that a year, and whatever its pods are. */
function awaitsRestart(object: unknown): boolean {
  const restartAt = textAt(objectAt(object, 'spec'), 'restartAt');
  const isAhead = restartAt !== '' && restartAt !== textAt(objectAt(object, 'status'), 'restartedAt');
  return isAhead && healthyCondition(object) === 'True';
}

const healthyCondition = (object: unknown): string =>
  textAt(
    arrayAt(objectAt(object, 'status'), 'conditions').find((one) => textAt(one, 'type') === 'Healthy'),
    'status',
  );

/** Every pause but these two waits for a person anyhow: an analysis was inconclusive. */
function isForATime(reason: string, object: unknown): boolean {
  const strategy = objectAt(objectAt(object, 'spec'), 'strategy');
  switch (reason) {
    case 'CanaryPauseStep': {
      const step = numberAt(objectAt(object, 'status'), 'currentStepIndex') ?? 0;
      return objectAt(arrayAt(objectAt(strategy, 'canary'), 'steps')[step], 'pause').duration !== undefined;
    }
    case 'BlueGreenPause': {
      const blueGreen = objectAt(strategy, 'blueGreen');
      // Without automatic promotion the seconds count for nothing.
      return blueGreen.autoPromotionEnabled !== false && (numberAt(blueGreen, 'autoPromotionSeconds') ?? 0) > 0;
    }
    default:
      return false;
  }
}
