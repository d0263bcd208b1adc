/** What a rotation will do: shown before anything of it is called, and known by an id that no other one has. */
import type { Dependent } from '../../trust/dependents.ts';
import { count, planDigest, plannedWarnings, plannedWorkloads } from '../../trust/plan-parts.ts';
import { publishedNames } from '../../trust/published-kinds.ts';
import { few, rollWarnings } from '../../trust/roll-warnings.ts';
import { rotatedByCloudSql } from '../completion.ts';
import { type CloudSqlServerCa, distributionOf, type Status } from '../server-ca-object.ts';
import type { Beginning, Rotation } from './rotation.ts';
import { caOf, versionsOf, versionWord } from './versions.ts';

export type Plan = NonNullable<Status['plan']>;

/** What is found out for a plan alone: it changes all day, and is not in the id. */
export interface PlanFacts {
  readonly dependents: readonly Dependent[];
  /** `kind namespace/name` of the other objects of the instance. */
  readonly otherObjects: readonly string[];
}

/**
 * The id of the plan by which the next call of a rotation is made. From the end of its own add on it is the one of before:
 * the switch is to the CA that was added for it.
 */
export const nextPlanId = (object: CloudSqlServerCa): string => keptId(object) ?? planId(object, underWay(object));

function keptId({ status: { rotation } }: CloudSqlServerCa): string | undefined {
  const { plan, addedTime, previous, next } = rotation ?? {};
  const isOfBoth = addedTime !== undefined && plan?.from === previous && plan?.next === next;
  return isOfBoth ? plan?.id : undefined;
}

/** The rotation that is under way, as if it began with its next call. */
export function underWay({ status: { rotation = {} } }: CloudSqlServerCa): Beginning {
  const { cause, requestId, previous = '', next } = rotation;
  return { cause: cause === 'Pin' || cause === 'RequestId' ? cause : 'Expiry', requestId, previous, next };
}

/** The same for as long as the rotation would be for the same, and from and to the same CAs, and nothing of it was called. */
export const planId = (object: CloudSqlServerCa, { cause, requestId, previous, next }: Beginning): string =>
  planDigest([
    object.kind,
    object.metadata.uid,
    [cause, requestId ?? null],
    object.status.rotationCalls ?? 0,
    [object.spec.project, object.spec.instance],
    previous,
    next ?? null,
    next === undefined ? waiting(object) : null,
  ]);

/** An add takes the place of these. */
const waiting = ({ status }: CloudSqlServerCa): readonly string[] =>
  versionsOf(status)
    .filter(({ role }) => role === 'Waiting')
    .map(({ sha1Fingerprint }) => sha1Fingerprint)
    .toSorted();

const METHODS = {
  'server CA': ['instances.addServerCa', 'instances.rotateServerCa'],
  'server certificate': ['instances.addServerCertificate', 'instances.rotateServerCertificate'],
} as const satisfies Readonly<Record<ReturnType<typeof versionWord>, readonly string[]>>;

/** @param now RFC 3339 */
export function makePlan(
  object: CloudSqlServerCa,
  { id, beginning }: { readonly id: string; readonly beginning: Beginning },
  { dependents, otherObjects }: PlanFacts,
  now: string,
): Plan {
  const { previous, next } = beginning;
  const { spec } = distributionOf(object);
  const replaces = next === undefined ? waiting(object) : [];
  const [add, rotate] = METHODS[versionWord(object.status)];
  const automatic = rotatedByCloudSql(object);
  const warnings = [
    ...(spec.rollout.disabled ? [NOT_ROLLED] : rollWarnings(spec, dependents, 'rotation')),
    ...(otherObjects.length === 0 ? [] : [others(otherObjects)]),
    ...(automatic === undefined ? [] : [automatic]),
  ];
  return {
    id,
    time: now,
    calls: [...(next === undefined ? [add] : []), rotate],
    breaksConnections: false,
    serverCaSha1Fingerprint: caOf(object.status, previous),
    ...(next !== undefined && { adopts: next }),
    ...(replaces.length > 0 && { replaces }),
    publishes: publishedNames(spec),
    ...(!spec.rollout.disabled && { workloads: plannedWorkloads(dependents) }),
    ...(warnings.length > 0 && { warnings: plannedWarnings(warnings) }),
  };
}

const NOT_ROLLED =
  'rollout.disabled is true: the operator rolls no workload for the next server CA, so their clients have holdSeconds to read it';

const others = (objects: readonly string[]): string =>
  `The switch waits until the other objects of the instance have the next server CA everywhere: ${few(objects)}. Those of other clusters are not known here, and have holdSeconds`;

/** What the plan does, in one sentence. */
export function describePlan(
  { spec, status }: CloudSqlServerCa,
  { id, adopts, workloads, warnings = [] }: Plan,
): string {
  const word = versionWord(status);
  const parts = [
    adopts === undefined ? `adds a ${word}` : `takes the ${word} ${adopts}`,
    ...(workloads === undefined ? [] : [`rolls ${count(workloads.total, 'workload')} where they lack it`]),
    'and switches to it without breaking a connection',
  ];
  const warned = warnings.length === 0 ? '' : `; it has ${count(warnings.length, 'warning')}, see status.plan.warnings`;
  return `Plan ${id} rotates the ${word} of ${spec.project}/${spec.instance}: it ${parts.join(', ')}${warned}`;
}

/** What the switch is judged by later, with the CA that the first call goes from, and the one that it goes to where it is known. */
export const planOfCall = (id: string, { previous, next }: Beginning): NonNullable<Rotation['plan']> => ({
  id,
  from: previous,
  ...(next !== undefined && { next }),
});
