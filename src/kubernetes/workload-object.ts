/** What the operator reads of a workload of each kind, from its JSON. */
import { oneLine } from '../domain/conditions.ts';
import { type LabelSelector, selectorQuery } from '../domain/label-selector.ts';
import { FIELD_MANAGER } from '../domain/ssl-reset.ts';
import type { ArgoStatus, OtherObject, UpdateStrategy, Workload, WorkloadKind } from '../domain/workload.ts';
import { arrayAt, isObject, numberAt, objectAt, textAt, textsAt } from './json.ts';
import { identity } from './metadata.ts';
import { podReferences } from './pod-references.ts';

const TEMPLATE_ANNOTATIONS = 'tls.cloudsql-ssl.dev/';

/** What no workload lacks that the API server has taken is not judged again. */
export function toWorkload(kind: WorkloadKind, object: unknown): Workload {
  const metadata = objectAt(object, 'metadata');
  const spec = objectAt(object, 'spec');
  const template = objectAt(spec, 'template');
  const owner = arrayAt(metadata, 'ownerReferences').find(isController);
  const templateFrom = objectAt(spec, 'workloadRef');
  const templateManager = managerOfTemplate(metadata);
  return {
    kind,
    ...identity({
      namespace: textAt(metadata, 'namespace'),
      name: textAt(metadata, 'name'),
      uid: textAt(metadata, 'uid'),
      resourceVersion: textAt(metadata, 'resourceVersion'),
    }),
    labels: textsAt(metadata, 'labels'),
    annotations: textsAt(metadata, 'annotations'),
    ...(owner !== undefined && { owner: toOther(owner) }),
    ...(templateManager !== '' && { templateManager }),
    ...(kind === 'Rollout' && textAt(templateFrom, 'name') !== '' && { templateFrom: toOther(templateFrom) }),
    templateAnnotations: ours(textsAt(objectAt(template, 'metadata'), 'annotations')),
    ...podReferences(template.spec),
    podSelector: selectorQuery(toSelector(spec.selector)),
    strategy: toStrategy(objectAt(spec, 'updateStrategy')),
    ...(kind === 'StatefulSet' && toOrdered(object)),
    ...(textAt(metadata, 'deletionTimestamp') !== '' && { isBeingDeleted: true }),
    generation: numberAt(metadata, 'generation') ?? 0,
    paused: spec.paused === true,
    ...progress(kind, object),
  };
}

/**
 * The manager that set the operator's annotations to something else, or fields of the pod template last, besides the
 * operator; '' where none is known. The API server notes nobody who only takes fields away.
 */
function managerOfTemplate(metadata: unknown): string {
  const writers = arrayAt(metadata, 'managedFields').flatMap((entry) => {
    const spec = objectAt(objectAt(entry, 'fieldsV1'), 'f:spec');
    const manager = textAt(entry, 'manager');
    const isOther = manager !== FIELD_MANAGER && textAt(entry, 'subresource') === '' && 'f:template' in spec;
    const annotations = objectAt(objectAt(objectAt(spec, 'f:template'), 'f:metadata'), 'f:annotations');
    const touchesOurs = Object.keys(annotations).some((key) => key.startsWith(`f:${TEMPLATE_ANNOTATIONS}`));
    return isOther ? [{ manager, order: [touchesOurs ? '1' : '0', textAt(entry, 'time')].join(' ') }] : [];
  });
  const last = writers.reduce((newest, one) => (one.order >= newest.order ? one : newest), { manager: '', order: '' });
  return last.manager.slice(0, 128).toWellFormed();
}

const isController = (reference: unknown): boolean => isObject(reference) && reference.controller === true;

const toOther = (reference: unknown): OtherObject => ({
  kind: textAt(reference, 'kind'),
  name: textAt(reference, 'name'),
});

const ours = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(TEMPLATE_ANNOTATIONS)));

/** Deployments and Argo Rollouts have another field, and no such strategies. */
const toStrategy = (updateStrategy: unknown): UpdateStrategy =>
  textAt(updateStrategy, 'type') === 'OnDelete'
    ? { kind: 'OnDelete' }
    : { kind: 'Rolling', partition: numberAt(objectAt(updateStrategy, 'rollingUpdate'), 'partition') ?? 0 };

/** Defaults: the update strategy `RollingUpdate`, the pod management policy `OrderedReady`. */
function toOrdered(object: unknown): Pick<Workload, 'ordered'> {
  const spec = objectAt(object, 'spec');
  const status = objectAt(object, 'status');
  const strategy = textAt(objectAt(spec, 'updateStrategy'), 'type') || 'RollingUpdate';
  const policy = textAt(spec, 'podManagementPolicy') || 'OrderedReady';
  if (strategy !== 'RollingUpdate' || policy !== 'OrderedReady') return {};
  return {
    ordered: {
      firstOrdinal: numberAt(objectAt(spec, 'ordinals'), 'start') ?? 0,
      updateRevision: textAt(status, 'updateRevision'),
      currentReplicas: numberAt(status, 'currentReplicas') ?? 0,
    },
  };
}

/** The first of its conditions by which its controller says that it cannot act: of a quota that is used up, say. */
function problemOf(conditions: readonly unknown[]): { readonly problem?: string } {
  const problem = conditions.filter(isProblem).map((condition) => textAt(condition, 'message'))[0];
  return problem === undefined || problem === '' ? {} : { problem: oneLine(problem, MAX_PROBLEM) };
}

const MAX_PROBLEM = 400;

/** That the progress deadline is exceeded is judged as such, and says no more. */
function isProblem(condition: unknown): boolean {
  const status = textAt(condition, 'status');
  switch (textAt(condition, 'type')) {
    case 'ReplicaFailure':
    case 'InvalidSpec':
      return status === 'True';
    case 'Progressing':
      return status === 'False' && textAt(condition, 'reason') !== 'ProgressDeadlineExceeded';
    default:
      return false;
  }
}

const toSelector = (selector: unknown): LabelSelector => ({
  matchLabels: textsAt(selector, 'matchLabels'),
  matchExpressions: arrayAt(selector, 'matchExpressions').flatMap(toRequirement),
});

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function toRequirement(requirement: unknown): readonly Requirement[] {
  const operator = OPERATORS.find((one) => one === textAt(requirement, 'operator'));
  const values = arrayAt(requirement, 'values').filter((value) => typeof value === 'string');
  return operator === undefined ? [] : [{ key: textAt(requirement, 'key'), operator, values }];
}

type Progress = Pick<Workload, 'desiredReplicas' | 'status'>;

function progress(kind: WorkloadKind, object: unknown): Progress {
  const status = objectAt(object, 'status');
  const count = (key: string): number => numberAt(status, key) ?? 0;
  if (kind === 'DaemonSet') {
    return {
      desiredReplicas: count('desiredNumberScheduled'),
      status: {
        observedGeneration: count('observedGeneration'),
        replicas: count('currentNumberScheduled'),
        updatedReplicas: count('updatedNumberScheduled'),
        availableReplicas: count('numberAvailable'),
        progressingReason: '',
      },
    };
  }
  const conditions = arrayAt(status, 'conditions');
  const progressing = conditions.find((condition) => textAt(condition, 'type') === 'Progressing');
  return {
    desiredReplicas: numberAt(objectAt(object, 'spec'), 'replicas') ?? 1,
    status: {
      observedGeneration: kind === 'Rollout' ? observedByArgo(object) : count('observedGeneration'),
      replicas: count('replicas'),
      updatedReplicas: count('updatedReplicas'),
      availableReplicas: count('availableReplicas'),
      progressingReason: textAt(progressing, 'reason'),
      ...problemOf(conditions),
      ...(kind === 'Rollout' && { argo: toArgoStatus(object) }),
    },
  };
}

/** A text there. Older controllers put a hash into it, which tells nothing: as Argo's own tool, it counts as observed. */
function observedByArgo(object: unknown): number {
  const generation = numberAt(objectAt(object, 'metadata'), 'generation') ?? 0;
  const observed = textAt(objectAt(object, 'status'), 'observedGeneration');
  return /^\d+$/.test(observed) ? Math.min(Number(observed), generation) : generation;
}

function toArgoStatus(object: unknown): ArgoStatus {
  const status = objectAt(object, 'status');
  return {
    phase: textAt(status, 'phase'),
    message: textAt(status, 'message'),
    awaitsPromotion: arrayAt(status, 'pauseConditions').some(
      (condition) => !isForATime(textAt(condition, 'reason'), object),
    ),
    observedTemplateGeneration: Number(textAt(status, 'workloadObservedGeneration')) || 0,
  };
}

/** Every pause but these two waits for a person anyhow: an analysis was inconclusive. */
function isForATime(reason: string, object: unknown): boolean {
  const strategy = objectAt(objectAt(object, 'spec'), 'strategy');
  switch (reason) {
    case 'CanaryPauseStep': {
      const step = numberAt(objectAt(object, 'status'), 'currentStepIndex') ?? 0;
      return objectAt(arrayAt(objectAt(strategy, 'canary'), 'steps')[step], 'pause').duration !== undefined;
    }
    case 'BlueGreenPause':
      return (numberAt(objectAt(strategy, 'blueGreen'), 'autoPromotionSeconds') ?? 0) > 0;
    default:
      return false;
  }
}
