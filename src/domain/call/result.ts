/** What came back from a call that changes something and is sent once, before it is classified. */
import type { Operation } from './operation.ts';

export type CallResult =
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

/** A client certificate with its private key, which Cloud SQL gives away only once. */
export interface IssuedCertificate {
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
  readonly certificatePem: string;
  /** PKCS#8, whatever form Cloud SQL has answered. */
  readonly privateKeyPem: string;
  /** Name of the operation that it began, if the answer had it. */
  readonly operation?: string;
}

/** What came back from the issue of a client certificate. */
export type IssueResult =
  | { readonly kind: 'Issued'; readonly certificate: IssuedCertificate }
  | Exclude<CallResult, { readonly kind: 'Accepted' }>;
