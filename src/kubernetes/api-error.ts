import { STATUS_CODES } from 'node:http';
import { ApiException } from '@kubernetes/client-node';
import { isKubernetesError, KubernetesError, type KubernetesErrorKind } from '../domain/errors.ts';
import { arrayAt, numberAt, objectAt, parseJson, textAt } from '../lib/json.ts';
import { oneLine } from '../lib/one-line.ts';
import { parseRetryAfter } from '../lib/retry-after.ts';

const MAX_MESSAGE = 512;
/** It says no more than `Unauthorized`. */
const UNAUTHORIZED = 'the API server does not accept the credentials of the operator (401)';

/** The resourceVersion, or the token of a list, is older than what the API server remembers: list again. */
export class ExpiredError extends KubernetesError {}

export const isExpired = (error: unknown): error is ExpiredError => error instanceof ExpiredError;

/** An error answer of the API server, before it is judged. */
export interface ErrorAnswer {
  readonly code: number;
  /** A `Status` as JSON, if it comes from the API server; whatever a proxy says otherwise. */
  readonly body: unknown;
  /** Value of the header `Retry-After`. */
  readonly retryAfter?: string | undefined;
  readonly cause?: unknown;
}

/** Awaits a call of the client. @throws KubernetesError whatever went wrong */
export async function call<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    throw toKubernetesError(error);
  }
}

/** Awaits a read of one object: undefined where there is none. @throws KubernetesError whatever else went wrong */
export async function find<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await call(pending);
  } catch (error) {
    if (isKubernetesError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** What the client, the network or a deadline threw, by what it means. Nothing of a body but its message is kept. */
export function toKubernetesError(error: unknown): KubernetesError {
  if (error instanceof KubernetesError) return error;
  if (error instanceof ApiException) {
    const { code, body, headers } = error;
    // No cause: its message is a dump of body and headers.
    return fromAnswer({
      code,
      body: typeof body === 'string' ? parseJson(body) : body,
      retryAfter: headers['retry-after'],
    });
  }
  return new KubernetesError({ kind: 'Unavailable', message: networkMessage(error), ...causeOf(error) });
}

export function fromAnswer({ code, body, retryAfter, cause }: ErrorAnswer): KubernetesError {
  const retryAfterMs = parseRetryAfter(retryAfter, Date.now()) ?? retryAfterOfStatus(body);
  const text =
    code === 401
      ? UNAUTHORIZED
      : textAt(body, 'message') || `the API server answered ${code} ${STATUS_CODES[code] ?? ''}`;
  const options = {
    kind: kindOf(code, body),
    message: oneLine(text, MAX_MESSAGE),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause }),
  };
  return code === 410 ? new ExpiredError(options) : new KubernetesError(options);
}

function kindOf(code: number, status: unknown): KubernetesErrorKind {
  if (isWebhookDenial(status)) return 'Refused';
  switch (code) {
    case 401:
      return 'Forbidden';
    case 403:
      return isDeniedByAuthorizer(status) ? 'Forbidden' : 'Refused';
    case 404:
      return 'NotFound';
    case 409:
      return 'Conflict';
    case 408:
    case 410:
    case 429:
      return 'Unavailable';
    default:
      return code >= 400 && code < 500 ? 'Refused' : 'Unavailable';
  }
}

/** A webhook chooses its own code and reason: only the API server's preface can be relied on. */
const isWebhookDenial = (status: unknown): boolean =>
  /^admission webhook ".*?" denied the request/.test(textAt(status, 'message'));

/**
 * Quota, Pod Security, a terminating namespace and admission policies answer 403 too. Policies and namespaces give
 * causes; from the rest, RBAC differs by its words alone: `User "x" cannot get resource …`.
 * A 403 without a Status comes from something in between, which is no admission.
 */
function isDeniedByAuthorizer(status: unknown): boolean {
  // The beginning is enough, and no message is so long that searching it takes a while.
  const message = textAt(status, 'message').slice(0, 2048);
  if (message === '') return true;
  return arrayAt(objectAt(status, 'details'), 'causes').length === 0 && /\bUser ".*?" cannot \S+ /.test(message);
}

function retryAfterOfStatus(status: unknown): number | undefined {
  const seconds = numberAt(objectAt(status, 'details'), 'retryAfterSeconds');
  return seconds === undefined ? undefined : seconds * 1000;
}

function networkMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'the call to the API server failed';
  if (error.name === 'TimeoutError') return 'the API server did not answer in time';
  if (error.name === 'AbortError') return 'the call to the API server was aborted';
  if (error instanceof SyntaxError) return 'the API server answered with something that is not JSON';
  return oneLine(`cannot reach the API server: ${reasonOf(error)}`, MAX_MESSAGE);
}

/** Of several addresses that were tried, what the first one said; that none answered says nothing. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message || textAt(error, 'code');
}

/** The message of a SyntaxError quotes what was read, which may hold a secret. */
const causeOf = (error: unknown): { readonly cause?: unknown } =>
  error instanceof SyntaxError ? {} : { cause: error };
