/** From the CAs that an instance lists to what is published of them, and to what workloads must trust. */
import { oneLine } from '../../lib/one-line.ts';
import { timeOf } from '../../lib/time.ts';
import { isTrue } from '../conditions.ts';
import type { ServerCa, ServerCas } from '../instance.ts';
import { type CaInRole, inRoles } from '../trust/ca-roles.ts';
import type { Wanted } from '../trust/carrier.ts';
import { areAlike } from '../trust/one-subject.ts';
import { type OtherObjects, sourcesOf } from '../trust/pick-up.ts';
import { publishedNames } from '../trust/published-kinds.ts';
import { MAX_KNOWN, type Trust } from '../trust/right-template.ts';
import {
  holdsActiveAlone,
  inSeconds,
  restartAnnotation,
  revision,
  revisionOf,
  templateAnnotations,
} from '../trust/tls-material.ts';
import type { Workload } from '../trust/workload.ts';
import { awaitsForgetting, awaitsRoll } from './held-back.ts';
import { onceActive } from './roles.ts';
import { isUnderWay } from './rotation/rotation.ts';
import { activeCa, type CloudSqlServerCa, distributionOf, isSettled, type RecordedCa } from './server-ca-object.ts';

export interface Publication {
  /** In the order of the bundle: the active one, what waits, what was active before. */
  readonly cas: readonly CaInRole[];
  /** As the status records them. */
  readonly recorded: readonly RecordedCa[];
  /** A CA that waits, and that clients could not tell from the active one: it is not published. */
  readonly alike: ServerCa | undefined;
}

export interface Seen {
  /** As the instance lists them, the active one first. */
  readonly listed: ServerCas;
  /** Fingerprints of those that were active, as other objects of the instance recorded. */
  readonly pastActive: readonly string[];
  /** Fingerprints of those that an object of the instance is about to switch to. */
  readonly rotatingTo?: readonly string[];
  /** Fingerprints of those that a rotation of the instance is between. */
  readonly rotating?: readonly string[];
  /** No window is open for the roll that forgets a CA: what was rotated out is kept. */
  readonly keepsRotatedOut?: boolean;
  /** Fingerprints of those in the published object, as it was found. */
  readonly held: readonly string[];
  readonly now: Date;
}

const ORDER: readonly CaInRole['role'][] = ['Active', 'Waiting', 'RotatedOut'];

export function publicationOf(
  object: CloudSqlServerCa,
  { listed, pastActive, rotatingTo, rotating = [], keepsRotatedOut = false, held, now }: Seen,
): Publication {
  const { serverCas: before = [] } = object.status;
  const all = inRoles(listed, new Set([...onceActive(before), ...pastActive]), rotatingTo);
  const [active] = all;
  const isPublished = (ca: CaInRole): boolean =>
    ca === active || (!isExpired(ca, now) && !(ca.role === 'Waiting' && active !== undefined && areAlike(active, ca)));
  const published = ORDER.flatMap((role) => all.filter((ca) => ca.role === role && isPublished(ca)));
  const kept = published.filter(
    ({ role, sha1Fingerprint }) => role !== 'RotatedOut' || rotating.includes(sha1Fingerprint),
  );
  const cas = !keepsRotatedOut && dropsRotatedOut(object, active, kept) ? kept : published;
  return {
    cas,
    recorded: recordedCas({ all, cas }, [...before.map(({ sha1Fingerprint }) => sha1Fingerprint), ...held], before),
    alike: all.find((ca) => ca.role === 'Waiting' && active !== undefined && areAlike(active, ca)),
  };
}

export const isExpired = ({ expirationTime }: Pick<ServerCa, 'expirationTime'>, now: Date): boolean =>
  (timeOf(expirationTime) ?? Number.POSITIVE_INFINITY) <= now.getTime();

/** Not before all workloads have the CA that is active now; and once that has begun, until it is done. */
function dropsRotatedOut(object: CloudSqlServerCa, active: ServerCa | undefined, kept: ServerCas): boolean {
  const { spec, status } = object;
  if (spec.serverCa.rotatedOut !== 'Drop') return false;
  const isSameActive = activeCa(status)?.sha1Fingerprint === active?.sha1Fingerprint;
  // It is never rotated, and what is published is right.
  const isUnfit = status.rotation?.stalled?.reason === 'NotRotatable' && !isUnderWay(status);
  const isRight = isTrue(status.conditions, 'Ready') || (isSettled(object) && isUnfit);
  return (isRight && isSameActive) || status.rollout?.revision === revision(kept);
}

function recordedCas(
  { all, cas }: { readonly all: readonly CaInRole[]; readonly cas: readonly CaInRole[] },
  known: readonly string[],
  before: readonly RecordedCa[],
): readonly RecordedCa[] {
  const isListed = (fingerprint: string): boolean => all.some(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint);
  const unlisted = [...new Set(known)].filter((fingerprint) => !isListed(fingerprint));
  const inOrder = ORDER.flatMap((role) => all.filter((ca) => ca.role === role));
  const rows = inOrder.map((ca) => recorded(ca, cas.includes(ca)));
  return [...rows, ...unlisted.map((fingerprint) => unlistedCa(fingerprint, before))].slice(0, MAX_KNOWN);
}

const recorded = (
  { sha1Fingerprint, role, commonName, createTime, expirationTime }: CaInRole,
  published: boolean,
): RecordedCa => ({
  sha1Fingerprint,
  role,
  published,
  ...(commonName !== undefined && { commonName: oneLine(commonName, 1024) }),
  ...(createTime !== undefined && { createTime }),
  ...(expirationTime !== undefined && { expirationTime: inSeconds(expirationTime) }),
});

function unlistedCa(sha1Fingerprint: string, before: readonly RecordedCa[]): RecordedCa {
  const known = before.find((one) => one.sha1Fingerprint === sha1Fingerprint);
  const { heldBack: _heldBack, ...rest } = known ?? { sha1Fingerprint };
  return { ...rest, role: 'Unlisted', published: false };
}

/** What the pods of the workloads must trust, and may trust besides, by what the status records. */
export function trustOf({ spec, status: { serverCas = [] } }: CloudSqlServerCa): Trust {
  const isNeeded = (ca: RecordedCa): boolean =>
    ca.role === 'Active' || (ca.role === 'Waiting' && ca.published && !awaitsRoll(ca));
  const isKept = (ca: RecordedCa): boolean => (ca.role === 'RotatedOut' && ca.published) || awaitsForgetting(ca);
  // The pods may have been given no more than this, once what was rotated out is published no longer.
  const isDropped = spec.serverCa.rotatedOut === 'Drop' && !serverCas.some(isKept);
  const known = isDropped ? [] : serverCas.filter((one) => !isNeeded(one));
  return {
    needed: fingerprintsOf(serverCas.filter(isNeeded)),
    known: fingerprintsOf(known),
    ...(holdsActiveAlone(spec.serverCa) && { isActiveAlone: true }),
  };
}

/** What the pod templates of its workloads carry: a restart only those whose pods may have been given what it publishes. */
export function wantedOnTemplates(object: CloudSqlServerCa, others: OtherObjects): Wanted {
  const { metadata, status } = object;
  const annotations = templateAnnotations(distributionOf(object), []);
  if (status.restartGeneration === undefined) return { annotations };
  return {
    annotations: { ...annotations, ...restartAnnotation(metadata, status.restartGeneration) },
    caOnly: { annotations, includes: (workload) => !readsPublished(workload, object, others) },
  };
}

/** By name, or since its template names nothing that any object of the instance publishes. */
export function readsPublished(workload: Workload, object: CloudSqlServerCa, others: OtherObjects): boolean {
  const { spec } = distributionOf(object);
  const own = publishedNames(spec);
  return sourcesOf(workload, spec, others).some((name) => own.includes(name));
}

const fingerprintsOf = (cas: readonly RecordedCa[]): readonly string[] =>
  cas.map(({ sha1Fingerprint }) => sha1Fingerprint);

/** The digest of the CAs that the instance lists, as the status records them; undefined: none is known as the active one. */
export function listedRevision(serverCas: readonly RecordedCa[] = []): string | undefined {
  const listed = serverCas.filter(({ role }) => role !== 'Unlisted');
  return listed[0]?.role === 'Active' ? revisionOf(fingerprintsOf(listed)) : undefined;
}
