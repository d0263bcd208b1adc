/** A CloudSqlSslReset, as the index keeps it. */

import { instanceKey } from '../domain/instance.ts';
import { annotations } from '../domain/object.ts';
import { awaitsCa } from '../domain/reset/ca-change.ts';
import { decide } from '../domain/reset/decide.ts';
import { lastResetTime, type OwnOperations, ownOperations } from '../domain/reset/executed.ts';
import { callTimes } from '../domain/reset/hourly-limit.ts';
import {
  isBarred,
  isComplete,
  isFollowed,
  isSettled,
  isStalled,
  isUnresolved,
  mayHaveRun,
} from '../domain/reset/request.ts';
import { isSuspended, KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import { openIssue, wantsCertificates } from '../domain/trust/certificate-status.ts';
import { haveAllRolled } from '../domain/trust/rollout-status.ts';
import { holdsActiveAlone } from '../domain/trust/tls-material.ts';
import { keyOf } from '../lib/key.ts';
import { sharing } from '../lib/shared.ts';
import { timeOf } from '../lib/time.ts';
import { conditionSummary } from './condition-summary.ts';
import { type CallStage, type Doubt, type IndexedObject, sharedRestarts } from './indexed-object.ts';
import { listedNumber } from './listed.ts';
import { publicationsOf } from './publications.ts';

/** Without a clock nothing counts as past its deadline: whatever hangs on that is looked at. */
export const ALONE = {
  isOutdated: false,
  hasLeftCas: false,
  lastRead: undefined,
  hasLostSibling: false,
  isRotating: false,
};

const isIdle = (reset: SslReset): boolean => decide(reset, { ...ALONE, now: new Date(0) }).kind === 'Nothing';

/** One list for all that have none. */
const NONE: readonly string[] = [];
const NO_OPERATIONS: OwnOperations = { all: NONE, answered: NONE };

export function indexed(reset: SslReset): IndexedObject {
  const { metadata, spec, status } = reset;
  const { sha1Fingerprint: fingerprint, createTime, expirationTime, readTime } = status.serverCa ?? {};
  return {
    key: keyOf(KIND, metadata),
    uid: metadata.uid,
    version: Number(metadata.resourceVersion),
    group: instanceKey(spec),
    trigger: triggerOf(reset),
    hasRequest: status.request !== undefined,
    isIdle: isIdle(reset),
    hasBegun: (isUnresolved(status.request) || isSettled(status.request)) && !isBarred(reset),
    ca:
      fingerprint === undefined
        ? undefined
        : { fingerprint, createTimeMs: timeOf(createTime), readMs: timeOf(readTime) ?? 0 },
    listed: listedNumber(status.rollout?.revision),
    holds: heldBy(reset),
    heldBack: status.serverCa?.heldBack ?? NONE,
    beside: besideActive(reset),
    resetMs: timeOf(lastResetTime(status)),
    unseenCa: unseenCaOf(reset),
    seenResetMs: hasCertificatesToLose(reset) ? (timeOf(status.request?.otherResetTime) ?? 0) : undefined,
    followedMs: timeOf(status.request?.followedTime),
    siblingCalls: status.siblingCalls ?? NONE,
    call: callStageOf(reset),
    doubt: doubtOf(reset),
    mayHaveRun: status.request !== undefined && mayHaveRun(status.request),
    isIssuing: openIssue(reset) !== undefined && metadata.deletionTimestamp === undefined && !isStalled(reset),
    openRecords: openRecordsOf(reset),
    operations: status.operation === undefined && status.history === undefined ? NO_OPERATIONS : ownOperations(status),
    certificateOperations: status.request?.certificateOperations ?? NONE,
    callTimes: callTimes(reset),
    summary: conditionSummary(status.conditions),
    publishes: publicationsOf(reset),
    restarts: sharedRestarts(reset),
    caExpiryMs: timeOf(expirationTime),
    follows: undefined,
  };
}

/** What it publishes and rolls is right with these. */
function heldBy(reset: SslReset): readonly string[] | undefined {
  const { spec, status } = reset;
  const publishes = spec.serverCa !== undefined || wantsCertificates(reset);
  // Before it has published for the first time nobody gets anything from it.
  if (status.serverCa === undefined || (!publishes && spec.rollout.disabled)) return undefined;
  const isRight = isComplete(reset) && (spec.rollout.disabled || haveAllRolled(status.rollout));
  if (!isRight) return NONE;
  const { published = NONE, heldBack = NONE } = status.serverCa;
  const rolledFor = published.filter((one) => !heldBack.includes(one));
  return held(holdsActiveAlone(spec.serverCa) ? rolledFor.slice(0, 1) : rolledFor);
}

const besideActive = ({ spec, status }: SslReset): readonly string[] | undefined =>
  spec.serverCa?.contents === 'Active' ? held((status.serverCa?.published ?? NONE).slice(1)) : undefined;

const held = sharing<readonly string[]>((fingerprints) => fingerprints.join(' '));

function unseenCaOf({ metadata, status }: SslReset): IndexedObject['unseenCa'] {
  const { request, operation } = status;
  if (isFollowed(request) || awaitsCa(status)) return { operation: operation?.name, doneMs: timeOf(request?.doneTime) };
  // Nobody finds out what became of it.
  const isLeft = metadata.deletionTimestamp !== undefined && isUnresolved(request);
  return isLeft ? { operation: undefined, doneMs: undefined } : undefined;
}

/** A conflict about a name may have gone with all client certificates of the instance. */
function hasCertificatesToLose(reset: SslReset): boolean {
  const { request } = reset.status;
  const isHeldUp = isStalled(reset) && wantsCertificates(reset) && request?.publishedTime !== undefined;
  return request?.issuedTime !== undefined || isHeldUp;
}

function callStageOf({ metadata, status: { request } }: SslReset): CallStage {
  if (metadata.deletionTimestamp !== undefined || request?.outcome === 'Unknown') return 'Abandoned';
  return isUnresolved(request) || isFollowed(request) ? 'Open' : 'None';
}

function openRecordsOf(reset: SslReset): string | undefined {
  const { time, attempt } = reset.status.request ?? {};
  const issue = openIssue(reset);
  if (doubtOf(reset) === undefined && issue === undefined) return undefined;
  return [attempt, time, issue?.commonName, issue?.issuing.time].join(' ');
}

function doubtOf(reset: SslReset): Doubt | undefined {
  const { metadata, status } = reset;
  const { request } = status;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  if (isUnresolved(request)) return { kind: 'Unresolved' };
  // An object that waits for a person holds no other up.
  const isHeld = isSettled(request) || isStalled(reset) || isSuspended(reset);
  if (request?.inDoubt !== true || isHeld) return undefined;
  return { kind: 'InDoubt', order: `${request.time ?? ''}/${metadata.uid}` };
}

const shared = sharing<string>((text) => text);

const triggerOf = ({ metadata }: SslReset): string =>
  shared(
    JSON.stringify([
      metadata.generation,
      metadata.annotations[annotations.suspend],
      metadata.annotations[annotations.retry],
      metadata.annotations[annotations.approve],
      metadata.deletionTimestamp !== undefined,
    ]),
  );
