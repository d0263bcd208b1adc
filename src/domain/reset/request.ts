/**
 * What makes a request one request, and which part of it is behind us.
 *
 * Without `spec.requestId` each generation is a request of its own. With it each value is one that this object has not
 * executed before; a newer generation with the same value, or with one that was executed, publishes and rolls again
 * without a call. The first requestId of an object becomes the id of the request that is there.
 */
import { findCondition, isTrue } from '../conditions.ts';
import { retryValue } from '../object.ts';
import { isProgressReason, isStalledReason, isWaitingReason } from '../reason-rules.ts';
import type { ProgressReason, StalledReason, WaitingReason } from '../reasons.ts';
import { isSuspended, type Request, type SslReset, type Status } from './ssl-reset.ts';

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
  const isEnd = condition?.status === 'True' && condition.reason !== 'Planned';
  return isEnd && condition.observedGeneration === metadata.generation;
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

/** Nothing keeps the call from being made but a person, or a maintenance window: no deadline runs. */
export function isAtGate(status: Status): boolean {
  const reason = reconcilingReason(status);
  const isHeld = reason === 'AwaitingApproval' || reason === 'OutsideWindow';
  return isHeld || findCondition(status.conditions, 'Ready')?.reason === 'Planned';
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
