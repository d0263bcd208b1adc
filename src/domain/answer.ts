/** What came back from the call of resetSslConfig, before anyone judges it. */
import type { Operation } from './ssl-reset.ts';

export type Answer =
  /** 2xx with the name of an operation. */
  | { readonly kind: 'Accepted'; readonly operation: Operation }
  /** An error status with a body that could be read. `reason` is `error.errors[0].reason`, or ''. */
  | {
      readonly kind: 'Rejected';
      readonly code: number;
      readonly reason: string;
      readonly message: string;
      /** What `Retry-After` asked for, in milliseconds. */
      readonly retryAfterMs?: number;
    }
  /**
   * It failed before anything was written to the wire: no token, a name that does not resolve, a refused connection,
   * a server certificate that was refused. Nothing else counts.
   */
  | { readonly kind: 'NotWritten'; readonly cause: 'Credentials' | 'Network'; readonly message: string }
  /** Anything else: 5xx, timeout, reset connection, a body that cannot be read, 2xx without a name. */
  | { readonly kind: 'Lost'; readonly message: string };
