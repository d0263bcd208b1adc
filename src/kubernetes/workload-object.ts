/** What the operator reads of a workload, from its JSON. */

import { FIELD_MANAGER } from '../domain/object.ts';
import type { LabelSelector, WorkloadKind } from '../domain/trust/distribution.ts';
import { selectorQuery } from '../domain/trust/label-selector.ts';
import type { UpdateStrategy, Workload } from '../domain/trust/workload.ts';
import { arrayAt, isObject, numberAt, objectAt, textAt, textsAt } from '../lib/json.ts';
import { identity, toOther } from './metadata.ts';
import { openFiles } from './open-files.ts';
import { fixedReferences, podReferences } from './pod-references.ts';
import { partsOf } from './workload-parts.ts';

const TEMPLATE_ANNOTATIONS = 'tls.cloudsql-ssl.dev/';

/** What no workload lacks that the API server has taken is not judged again. */
export function toWorkload(kind: WorkloadKind, object: unknown): Workload {
  const metadata = objectAt(object, 'metadata');
  const spec = objectAt(object, 'spec');
  const template = objectAt(spec, 'template');
  const owner = arrayAt(metadata, 'ownerReferences').find(isController);
  const templateManager = managerOfTemplate(metadata);
  const open = openFiles(template.spec);
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
    templateAnnotations: ours(textsAt(objectAt(template, 'metadata'), 'annotations')),
    refersTo: podReferences(template.spec),
    ...(open.length > 0 && { openFiles: open }),
    takesOnce: fixedReferences(template.spec),
    podSelector: selectorQuery(toSelector(spec.selector)),
    strategy: toStrategy(objectAt(spec, 'updateStrategy')),
    ...(textAt(metadata, 'deletionTimestamp') !== '' && { isBeingDeleted: true }),
    generation: numberAt(metadata, 'generation') ?? 0,
    paused: spec.paused === true,
    ...partsOf[kind](object),
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

const ours = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(TEMPLATE_ANNOTATIONS)));

/** Deployments and Argo Rollouts have another field, and no such strategies. */
const toStrategy = (updateStrategy: unknown): UpdateStrategy =>
  textAt(updateStrategy, 'type') === 'OnDelete'
    ? { kind: 'OnDelete' }
    : { kind: 'Rolling', partition: numberAt(objectAt(updateStrategy, 'rollingUpdate'), 'partition') ?? 0 };

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
