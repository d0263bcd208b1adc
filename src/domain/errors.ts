/** Failures of the world, as adapters report them: by what they mean for the next step, not by status code. */
import { oneLine } from '../lib/one-line.ts';

export type KubernetesErrorKind =
  /** The resourceVersion is no longer the current one, or another field manager owns the field: read again. */
  | 'Conflict'
  | 'NotFound'
  /** RBAC says no. */
  | 'Forbidden'
  /** An admission webhook or policy says no, or the object is invalid. */
  | 'Refused'
  /** 429, 5xx, timeouts, broken connections: the same request may work later. */
  | 'Unavailable'
  /** This process cannot prove that it may still write: nothing was sent. */
  | 'NotLeading';

export type CloudSqlErrorKind =
  /** The instance, or the operation, does not exist (404, or 403 with reason `instanceDoesNotExist`). */
  | 'NotFound'
  /** 401, 403: the account may not do it, or has no valid credentials. */
  | 'Forbidden'
  /** 429, or 403 with a rate-limit reason. */
  | 'Throttled'
  /** 400: this request will never work. */
  | 'Invalid'
  /** 409, 412: not in this state of the instance. */
  | 'Conflict'
  /** 5xx, timeouts, network: the same read may work later. */
  | 'Unavailable'
  /** 2xx, in a form that this version does not understand. */
  | 'Unreadable';

interface AdapterErrorOptions<K> {
  readonly kind: K;
  /** One line, without token, key, or dump of headers or body. */
  readonly message: string;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

class AdapterError<K> extends Error {
  readonly kind: K;
  readonly retryAfterMs: number | undefined;

  constructor({ kind, message, retryAfterMs, cause }: AdapterErrorOptions<K>) {
    super(message, { cause });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

export class KubernetesError extends AdapterError<KubernetesErrorKind> {
  override readonly name = 'KubernetesError';
}

/** A read of the Cloud SQL Admin API failed. The call of the reset never throws it: see `CallResult`. */
export class CloudSqlError extends AdapterError<CloudSqlErrorKind> {
  override readonly name = 'CloudSqlError';
}

export const isKubernetesError = (error: unknown, ...kinds: readonly KubernetesErrorKind[]): error is KubernetesError =>
  error instanceof KubernetesError && (kinds.length === 0 || kinds.includes(error.kind));

const MAX_UNFORESEEN = 300;

/**
 * An error that is neither of these, in one line for a status. Of a message that quotes what was read, or that is a dump,
 * nothing is kept: it may hold a secret.
 */
export function describeUnforeseen(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const text = error instanceof Error && !(error instanceof SyntaxError) ? error.message.trim() : '';
  const isProse = /^[\w'"(]/.test(text);
  const [line = ''] = isProse ? text.split('\n', 1) : [];
  const what = line === '' ? name : `${name}: ${line}`;
  return `The operator met an unexpected error, and tries again; its log has more. ${oneLine(what, MAX_UNFORESEEN)}`;
}
