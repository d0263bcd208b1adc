/**
 * What makes a request one request, and which part of it is behind us.
 *
 * Without `spec.requestId` each generation is a request of its own. With it each value is one that this object has not
 * executed before; a newer generation with the same value, or with one that was executed, publishes and rolls again
 * without a call. The first requestId of an object becomes the
 * id of the request that is there.
 */
import { findCondition, isTrue } from '../conditions.ts';
import {
  isProgressReason,
  isStalledReason,
  isWaitingReason,
  type ProgressReason,
  type StalledReason,
  type WaitingReason,
} from '../reasons.ts';
import { isRepeated } from './executed.ts';
import type { Request, SslReset, Status } from './ssl-reset.ts';
import { isSuspended, retryValue } from './ssl-reset.ts';

/** Why a request is received: for the first time, or once more. */
export type Arrival =
  /** A request that was never seen. */
  | 'New'
  /** A newer generation of the same request: publish and roll again; the reset only if it was never called. */
  | 'Again'
  /** A person's word to go on at the step that stalled. */
  | 'Retry'
  /** No longer suspended: the deadline starts again. */
  | 'Resumed'
  /** Another object's reset, or a newer CA that it saw: publish and roll again, without a call. */
  | 'Outdated';

export function isNewRequest({ metadata, spec, status: { request } }: SslReset): boolean {
  if (request === undefined) return true;
  if (spec.requestId === undefined) return request.generation !== metadata.generation;
  return request.requestId !== undefined && request.requestId !== spec.requestId;
}

/** What a person knows the request by: its id, or else its generation. */
export const requestName = ({ requestId, generation }: Pick<Request, 'requestId' | 'generation'>): string =>
  requestId ?? String(generation);

export const isNewerGeneration = ({ metadata, status: { request } }: SslReset): boolean =>
  request !== undefined && request.generation !== metadata.generation;

/** A call was recorded, and nobody knows yet what became of it. */
export const isUnresolved = (request: Request | undefined): boolean =>
  request?.time !== undefined && request.outcome === undefined;

/** The call was accepted, and its operation is not seen to its end. */
export const isFollowed = (request: Request | undefined): boolean =>
  request?.outcome === 'Accepted' && request.doneTime === undefined;

/**
 * A call of it was made and refused. Something on the way may have repeated that call, and the refusal be the answer to
 * the copy: what the call is looked for by is kept, and looked at before it is called again.
 */
export const wasRefused = ({ outcome, refused }: Pick<Request, 'outcome' | 'refused'>): boolean =>
  outcome === 'Refused' || refused === true;

/** No answer names an operation of it, and yet one may show up: what it is looked for by must be kept. */
export const mayHaveRun = (request: Request): boolean =>
  (request.inDoubt === true || wasRefused(request)) && !isSettled(request) && request.outcome !== 'Unknown';

/** The reset itself needs no further call: it was accepted, or was not necessary. */
export const isSettled = (request: Request | undefined): boolean =>
  request?.outcome === 'Accepted' || request?.outcome === 'AlreadyDone';

export const isComplete = ({ metadata, status }: SslReset): boolean => {
  const condition = findCondition(status.conditions, 'Ready');
  return condition?.status === 'True' && condition.observedGeneration === metadata.generation;
};

export const isStalled = ({ status }: SslReset): boolean => isTrue(status.conditions, 'Stalled');

export function stalledReason({ status }: SslReset): StalledReason | undefined {
  const reason = findCondition(status.conditions, 'Stalled')?.reason ?? '';
  return isStalledReason(reason) ? reason : undefined;
}

/** Why the request goes on, or what it waits for. */
export function reconcilingReason({ conditions }: Status): ProgressReason | WaitingReason | undefined {
  const reason = findCondition(conditions, 'Reconciling')?.reason ?? '';
  return isProgressReason(reason) || isWaitingReason(reason) ? reason : undefined;
}

/** Its reset is behind it, and an administrator has taken the permission away: nothing is published or rolled. */
export const isBarred = (reset: SslReset): boolean =>
  isSettled(reset.status.request) && isStalled(reset) && stalledReason(reset) === 'NotPermitted';

/** A value of the annotation `retry` that was not seen before. Removing the annotation asks for nothing. */
export const hasNewRetry = (reset: SslReset): boolean => {
  const value = retryValue(reset);
  return value !== undefined && value !== reset.status.request?.retry;
};

export const wasResumed = (reset: SslReset): boolean =>
  !isSuspended(reset) && reconcilingReason(reset.status) === 'Suspended';

/** The stalled step is the reset itself, so a retry may call again. */
const mayCallAgain = (reset: SslReset): boolean =>
  !isSettled(reset.status.request) || stalledReason(reset) === 'OperationFailed';

/** The record with which a request begins, or begins once more. */
export function received(reset: SslReset, arrival: Arrival, now: string): Request {
  const { metadata, spec, status } = reset;
  const identity = {
    generation: metadata.generation,
    ...(spec.requestId !== undefined && { requestId: spec.requestId }),
    ...seenRetry(reset),
  };
  const { request } = status;
  if (request === undefined || arrival === 'New') {
    const begun = { ...identity, receivedTime: now, attempt: 0, ...kept(request) };
    return isRepeated(status, begun) ? { ...begun, outcome: 'AlreadyDone', doneTime: now } : begun;
  }
  if (arrival === 'Retry' && mayCallAgain(reset) && !mayHaveRun(request)) {
    return { ...identity, attempt: request.attempt, receivedTime: now };
  }
  return { ...identity, ...onward(request), ...(isSettled(request) ? { doneTime: now } : { receivedTime: now }) };
}

/** The CAs were read and published, so the Secrets of the client certificates are looked at again. */
export function published(request: Request, { now, otherResetTime, isNewCa }: Publication): Request {
  const { issuedTime: _issuedTime, hold: _hold, otherResetTime: _otherResetTime, ...rest } = request;
  return {
    ...rest,
    publishedTime: now,
    ...(otherResetTime !== undefined && { otherResetTime }),
    ...(isNewCa && { hasShownNewCa: true }),
  };
}

interface Publication {
  readonly now: string;
  /** End of the newest reset by another object, from before the CAs were read. */
  readonly otherResetTime: string | undefined;
  /** The reset of this request can have made the CA. */
  readonly isNewCa: boolean;
}

/** The value of `retry` as seen now, so that it works once. */
export function seenRetry(reset: SslReset): Pick<Request, 'retry'> {
  const value = retryValue(reset) ?? reset.status.request?.retry;
  return value === undefined ? {} : { retry: value };
}

/** What the object says by now beside its generation: a value of `retry`, and the first requestId. */
export const heard = (reset: SslReset): Pick<Request, 'retry' | 'requestId'> => ({
  ...(isFirstRequestId(reset) && { requestId: reset.spec.requestId }),
  ...seenRetry(reset),
});

/** It becomes the id of the request that is there, whatever else changes: a later value is another request. */
export const isFirstRequestId = ({ spec, status: { request } }: SslReset): boolean =>
  request !== undefined && request.requestId === undefined && spec.requestId !== undefined;

/**
 * What holds for the next request too: a delay that Cloud SQL asked for, and which operations are of client certificates.
 */
const kept = ({ retryTime, certificateOperations }: Partial<Request> = {}): Partial<Request> => ({
  ...(retryTime !== undefined && { retryTime }),
  ...(certificateOperations !== undefined && { certificateOperations }),
});

function onward(request: Request): Omit<Request, 'generation' | 'requestId' | 'retry'> {
  const {
    generation: _generation,
    requestId: _requestId,
    retry: _retry,
    publishedTime: _publishedTime,
    issuedTime: _issuedTime,
    hold: _hold,
    ...rest
  } = request;
  return rest;
}

/** Enough for ten certificates, each issued, deleted and issued again several times. */
const MAX_OPERATIONS = 100;

/** Notes an operation that issued or deleted a certificate, so that it is never taken for a reset in doubt. */
export function withCertificateOperation(request: Request, name: string | undefined): Request {
  if (name === undefined) return request;
  return {
    ...request,
    certificateOperations: [name, ...(request.certificateOperations ?? [])].slice(0, MAX_OPERATIONS),
  };
}
