/** A CloudSqlServerCa, as the index keeps it: of one that rotates, as much as others of the instance wait for. */
import { instanceKey } from '../../domain/instance.ts';
import { annotations, retryValue } from '../../domain/object.ts';
import { awaitsRoll, awaitsWindow } from '../../domain/server-ca/held-back.ts';
import { holdsOf } from '../../domain/server-ca/holds.ts';
import { listedRevision, trustOf } from '../../domain/server-ca/publication.ts';
import { onceActive } from '../../domain/server-ca/roles.ts';
import { dueByExpiryMs } from '../../domain/server-ca/rotation/due.ts';
import {
  type CallRecord,
  isCalling,
  isFollowed,
  isOpen,
  isUnderWay,
  isUnresolved,
  mayHaveRun,
  phaseOf,
} from '../../domain/server-ca/rotation/rotation.ts';
import { caOf, servesUntilMs } from '../../domain/server-ca/rotation/versions.ts';
import { standingStall } from '../../domain/server-ca/rotation/wanted.ts';
import {
  activeCa,
  type CloudSqlServerCa,
  distributionOf,
  isReady,
  KIND,
  stalledReason,
} from '../../domain/server-ca/server-ca-object.ts';
import { publishedNames } from '../../domain/trust/published-kinds.ts';
import type { Trust } from '../../domain/trust/right-template.ts';
import { keyOf } from '../../lib/key.ts';
import { sharing } from '../../lib/shared.ts';
import { timeOf } from '../../lib/time.ts';
import { conditionSummary } from '../condition-summary.ts';
import { type Follower, type IndexedObject, type Rotating, sharedRestarts } from '../indexed-object.ts';
import { listedNumber } from '../listed.ts';
import { claimedNames } from '../publications.ts';

/** One for all: of ten thousand objects hardly any has such a list. */
const NONE: readonly never[] = [];
const orNone = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? NONE : list);
const NO_OPERATIONS = { all: NONE, answered: NONE };
const shared = sharing<Follower>((follower) => JSON.stringify(follower));
const sharedText = sharing<string>((text) => text);
const sharedHeld = sharing<readonly string[]>((fingerprints) => fingerprints.join(' '));

export function indexedServerCa(object: CloudSqlServerCa): IndexedObject {
  const { metadata, spec, status } = object;
  const active = activeCa(status);
  const isDeleted = metadata.deletionTimestamp !== undefined;
  const record = status.rotation?.record;
  const isKnown = status.serverCas !== undefined;
  return {
    key: keyOf(KIND, metadata),
    uid: metadata.uid,
    version: Number(metadata.resourceVersion),
    group: instanceKey(spec),
    trigger: sharedText(
      JSON.stringify([
        metadata.generation,
        retryValue(object),
        metadata.annotations[annotations.suspend],
        metadata.annotations[annotations.approve],
        isDeleted,
      ]),
    ),
    hasRequest: isKnown,
    isIdle: isReady(object),
    hasBegun: isKnown && stalledReason(object) !== 'NotPermitted',
    ca:
      active === undefined
        ? undefined
        : {
            fingerprint: active.sha1Fingerprint,
            createTimeMs: timeOf(active.createTime),
            readMs: timeOf(status.readTime) ?? 0,
          },
    listed: listedNumber(listedRevision(status.serverCas)),
    holds: isDeleted ? undefined : sharedHeld(holdsOf(object)),
    heldBack: sharedHeld(heldBackOf(object)),
    beside: undefined,
    resetMs: undefined,
    unseenCa: undefined,
    seenResetMs: undefined,
    followedMs: undefined,
    siblingCalls: NONE,
    call: 'None',
    doubt: isUnresolved(record) ? { kind: 'Unresolved' } : undefined,
    mayHaveRun: mayHaveRun(record),
    isIssuing: false,
    openRecords: record !== undefined && isUnresolved(record) ? `${record.attempt} ${record.time}` : undefined,
    operations: NO_OPERATIONS,
    certificateOperations: status.rotationOperations ?? NONE,
    callTimes: additionTimes(object),
    summary: conditionSummary(status.conditions),
    publishes: publicationsOf(object),
    restarts: sharedRestarts(distributionOf(object)),
    caExpiryMs: servesUntilMs(status),
    follows: shared({
      trust: lean(trustOf(object)),
      pastActive: pastActiveOf(status),
      rotating: isDeleted ? undefined : rotatingOf(object),
      pin: isDeleted ? undefined : pinOf(object),
      phase: spec.rotation.mode === 'Never' && !isUnderWay(status) ? undefined : phaseOf(status),
      followed: followedOf(record),
      dueMs: spec.rotation.mode === 'WhenDue' ? dueByExpiryMs(object) : undefined,
      waitsFor: isDeleted ? undefined : waitsFor(object),
      rejected: status.rotation?.rejected ?? NONE,
      rotatedTo: rotatedTo(status),
    }),
  };
}

const followedOf = (record: CallRecord | undefined): string | undefined =>
  isFollowed(record) ? record?.operation : undefined;

const lean = (trust: Trust): Trust => ({ ...trust, known: orNone(trust.known) });

/** What was switched back from, too, whatever else was lost with a status. */
const pastActiveOf = ({
  serverCas = [],
  certificates = [],
  rotation,
}: CloudSqlServerCa['status']): readonly string[] => [
  ...onceActive([...serverCas, ...certificates]),
  ...(rotation?.rejected ?? []),
];

const rotatedTo = ({ rotation, history = [] }: CloudSqlServerCa['status']): readonly string[] =>
  orNone([rotation?.next, ...history.map(({ next }) => next)].filter((next) => next !== undefined));

const heldBackOf = ({ status: { serverCas = [] } }: CloudSqlServerCa): readonly string[] =>
  serverCas.filter(awaitsRoll).map(({ sha1Fingerprint }) => sha1Fingerprint);

const additionTimes = ({ status: { addTimes = NONE } }: CloudSqlServerCa): readonly number[] =>
  orNone(addTimes.flatMap((time) => timeOf(time) ?? []));

function publicationsOf({ metadata, spec, status }: CloudSqlServerCa): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const names = publishedNames({ ...spec, rollout: { ...spec.rollout, onFailure: 'Stop' } });
  const held = new Set(status.publishedTo === undefined ? NONE : [status.publishedTo]);
  return claimedNames(metadata, names, { held, hasBegun: status.serverCas !== undefined });
}

function waitsFor({ status }: CloudSqlServerCa): Follower['waitsFor'] {
  const { gate } = status.rotation ?? {};
  if (gate?.reason === 'AwaitingApproval') return 'approval';
  if (gate?.reason === 'Suspended') return 'resume';
  return awaitsWindow(status) ? 'window' : undefined;
}

const HELD: ReadonlySet<string> = new Set([
  'Suspended',
  'Expired',
  'NotPermitted',
  'OutsideWindow',
  'AwaitingApproval',
  'Planned',
]);

const orderOf = ({ creationTimestamp, uid }: CloudSqlServerCa['metadata']): string =>
  `${creationTimestamp ?? ''}/${uid}`;

const isHeldBack = (object: CloudSqlServerCa): boolean => {
  const { gate } = object.status.rotation ?? {};
  const hasStalled = stalledReason(object) !== undefined || standingStall(object) !== undefined;
  return hasStalled || HELD.has(gate?.reason ?? '');
};

function pinOf(object: CloudSqlServerCa): Follower['pin'] {
  const { mode, activeSha1Fingerprint: pin } = object.spec.rotation;
  if (pin === undefined || mode === 'Never' || isHeldBack(object)) return undefined;
  return { fingerprint: pin.toLowerCase(), order: orderOf(object.metadata) };
}

const withCa = (status: CloudSqlServerCa['status'], version: string | undefined): readonly string[] =>
  version === undefined ? NONE : [...new Set([version, caOf(status, version)])];

function rotatingOf(object: CloudSqlServerCa): Rotating | undefined {
  const { metadata, status } = object;
  if (!isUnderWay(status)) return undefined;
  const { next, previous, record, stalled, gate } = status.rotation ?? {};
  const phase = phaseOf(status);
  const isBusy = isOpen(record) || phase === 'Verifying' || phase === 'SwitchingBack';
  return {
    order: orderOf(metadata),
    next: withCa(status, next),
    previous: withCa(status, previous),
    isBusy,
    isCalling:
      isBusy || (isCalling(status) && stalled === undefined && (gate === undefined || gate.reason === 'RotationDue')),
    isHeld: !isBusy && isHeldBack(object),
  };
}
