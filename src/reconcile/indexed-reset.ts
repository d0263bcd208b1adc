/** What is kept of an object that is watched: ten thousand of them are held for ever, so each field counts. */

import { instanceKey } from '../domain/instance.ts';
import { annotations } from '../domain/object.ts';
import { awaitsCa } from '../domain/reset/ca-change.ts';
import { decide } from '../domain/reset/decide.ts';
import { lastResetTime, type OwnOperations, ownOperations } from '../domain/reset/executed.ts';
import { callTimes } from '../domain/reset/hourly-limit.ts';
import { isBarred, isFollowed, isSettled, isStalled, isUnresolved } from '../domain/reset/request.ts';
import { isSuspended, type SslReset, type Status } from '../domain/reset/ssl-reset.ts';
import { openIssue, wantsCertificates } from '../domain/trust/certificate-status.ts';
import { timeOf } from '../lib/time.ts';
import { type ConditionSummary, conditionSummary } from './condition-summary.ts';
import type { ObjectRef } from './ports.ts';
import { publicationsOf } from './publications.ts';

export interface IndexedReset {
  /** As of `keyOf`. */
  readonly key: string;
  readonly uid: string;
  /** Its resourceVersion, which grows with each write; NaN where it is no number. */
  readonly version: number;
  /** As of `instanceKey`: all objects of one instance. */
  readonly group: string;
  /** With the uid it changes exactly when a pass may have something new to do: not by our own status writes. */
  readonly trigger: string;
  /** The operator never takes it away: where it is gone, somebody has wiped the status. */
  readonly hasRequest: boolean;
  /** There is nothing to do for it, unless another object of the instance has done something. */
  readonly isIdle: boolean;
  /** A call was made for its request, or none is needed, and its namespace is not known to be denied. */
  readonly hasBegun: boolean;
  /** Of the active server CA; `readMs` is 0 where the status does not tell when it was read. */
  readonly ca: { readonly fingerprint: string; readonly createTimeMs: number; readonly readMs: number } | undefined;
  /** When its newest reset ended, also one whose request was replaced; undefined: it is not known to have had one. */
  readonly resetMs: number | undefined;
  /** Its call was accepted, and nobody has seen the CA of it. `doneMs`: when the end of its operation was seen. */
  readonly unseenCa: { readonly operation: string | undefined; readonly doneMs: number | undefined } | undefined;
  /** The end of the newest reset of another object that its client certificates took account of; undefined: it has none. */
  readonly seenResetMs: number | undefined;
  /** The newest CA of another object that its request was received for once more, by when it was read. */
  readonly followedMs: number | undefined;
  /** Uids of other objects that it knows to have called, or to be about to. */
  readonly siblingCalls: readonly string[];
  readonly call: CallStage;
  readonly doubt: Doubt | undefined;
  /** A client certificate is being issued, or its issue found out: whatever that starts looks like a reset in doubt. */
  readonly isIssuing: boolean;
  /** By which records it is in doubt or issues: another one begins a doubt of its own. */
  readonly openRecords: string | undefined;
  /** Operations of its resets. */
  readonly operations: OwnOperations;
  /** Operations of its client certificates. */
  readonly certificateOperations: readonly string[];
  /** Of its calls that were or may have been executed, in milliseconds since the epoch. */
  readonly callTimes: readonly number[];
  readonly summary: ConditionSummary;
  /** As of `publicationsOf`. */
  readonly publishes: string | undefined;
  /** Of the active server CA as it was read last. */
  readonly caExpiryMs: number | undefined;
}

export type CallStage =
  /** It was not made, or what became of it is in the status. */
  | 'None'
  /** It was recorded, and its end is not seen yet. */
  | 'Open'
  /** Nobody will write down what becomes of it: the object is being deleted, or its outcome was given up. */
  | 'Abandoned';

/** A call of the object may still show up. */
type Doubt =
  /** Its outcome is being found out. */
  | { readonly kind: 'Unresolved' }
  /** It left no trace, and another attempt is about to follow. `order` is one among all objects. */
  | { readonly kind: 'InDoubt'; readonly order: string };

/** Joined: V8 holds a template's text as its parts, three times as large. */
export const keyOf = ({ namespace, name }: ObjectRef): string => [namespace, name].join('/');

/** A key back to what it names; neither part can hold a slash. */
export function refOf(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

export const refsOf = (entries: Iterable<IndexedReset>): readonly ObjectRef[] =>
  Array.from(entries, ({ key }) => refOf(key));

/** Without a clock nothing counts as past its deadline: whatever hangs on that is looked at. */
const isIdle = (reset: SslReset): boolean =>
  decide(reset, { now: new Date(0), isOutdated: false, hasLostSibling: false }).kind === 'Nothing';

/** One list for all that have none. */
const NONE: readonly string[] = [];
const NO_OPERATIONS: OwnOperations = { all: NONE, answered: NONE };

export function indexed(reset: SslReset): IndexedReset {
  const { metadata, spec, status } = reset;
  const { sha1Fingerprint: fingerprint, createTime, expirationTime, readTime } = status.serverCa ?? {};
  const createTimeMs = timeOf(createTime);
  return {
    key: keyOf(metadata),
    uid: metadata.uid,
    version: Number(metadata.resourceVersion),
    group: instanceKey(spec),
    trigger: triggerOf(reset),
    hasRequest: status.request !== undefined,
    isIdle: isIdle(reset),
    hasBegun: (isUnresolved(status.request) || isSettled(status.request)) && !isBarred(reset),
    ca:
      fingerprint === undefined || createTimeMs === undefined
        ? undefined
        : { fingerprint, createTimeMs, readMs: timeOf(readTime) ?? 0 },
    resetMs: timeOf(lastResetTime(status)),
    unseenCa: unseenCaOf(status),
    seenResetMs: hasCertificatesToLose(reset) ? (timeOf(status.request?.otherResetTime) ?? 0) : undefined,
    followedMs: timeOf(status.request?.followedTime),
    siblingCalls: status.siblingCalls ?? NONE,
    call: callStageOf(reset),
    doubt: doubtOf(reset),
    isIssuing: openIssue(reset) !== undefined && metadata.deletionTimestamp === undefined && !isStalled(reset),
    openRecords: openRecordsOf(reset),
    operations: status.operation === undefined && status.history === undefined ? NO_OPERATIONS : ownOperations(status),
    certificateOperations: status.request?.certificateOperations ?? NONE,
    callTimes: callTimes(reset),
    summary: conditionSummary(reset),
    publishes: publicationsOf(reset),
    caExpiryMs: timeOf(expirationTime),
  };
}

const unseenCaOf = (status: Status): IndexedReset['unseenCa'] =>
  isFollowed(status.request) || awaitsCa(status)
    ? { operation: status.operation?.name, doneMs: timeOf(status.request?.doneTime) }
    : undefined;

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
  // Whoever waits for a person holds nobody up.
  const isHeld = isSettled(request) || isStalled(reset) || isSuspended(reset);
  if (request?.inDoubt !== true || isHeld) return undefined;
  return { kind: 'InDoubt', order: `${request.time ?? ''}/${metadata.uid}` };
}

const triggerOf = ({ metadata }: SslReset): string =>
  JSON.stringify([
    metadata.generation,
    metadata.annotations[annotations.suspend],
    metadata.annotations[annotations.retry],
    metadata.deletionTimestamp !== undefined,
  ]);
