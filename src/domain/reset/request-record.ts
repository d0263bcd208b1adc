/** The record of a request: how it begins, begins once more, and what is noted in it on the way. */
import { retryValue } from '../object.ts';
import { isRepeated } from './executed.ts';
import { type Arrival, isSettled, mayHaveRun, stalledReason } from './request.ts';
import type { Request, SslReset } from './ssl-reset.ts';

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
    const earlierCalls = callsSoFar(request);
    return {
      ...identity,
      attempt: request.attempt,
      receivedTime: now,
      ...(earlierCalls > 0 && { earlierCalls }),
    };
  }
  return { ...identity, ...onward(request), ...(isSettled(request) ? { doneTime: now } : { receivedTime: now }) };
}

/** How many calls of it were executed, or may have been. A doubt that ended as not sent is none. */
const callsSoFar = ({ earlierCalls = 0, outcome }: Request): number =>
  earlierCalls + (outcome === 'Accepted' || outcome === 'Unknown' ? 1 : 0);

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
    gateOpenedTime: _gateOpenedTime,
    spentSeconds: _spentSeconds,
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
