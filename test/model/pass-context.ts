import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { ObjectRef } from '../../src/reconcile/ports.ts';

/** What one pass of one process has seen and done so far, for those who judge it. */
export interface PassContext {
  readonly ref: ObjectRef;
  readonly process: ProcessMark;
  /** The object as the pass read it first. */
  read: SslReset | undefined;
  /** When it read that, on the replica's wall clock. */
  readMs: number;
  /** The denial of its namespace when it began; undefined: it was allowed the instance. */
  denial: number | undefined;
  /** Names of the operations that were listed to it last. */
  listed: readonly string[];
  /** The write-ahead record that it wrote, until it is used. */
  record: SslReset | undefined;
  /** The name whose issue it recorded, until the call is made. */
  openedIssue: string | undefined;
  /** When the client certificates were listed to it last. */
  certificatesListedMs: number;
}

export interface ProcessMark {
  readonly replica: number;
  readonly now: () => Date;
  /** It was not always able to write: what it knew may be lost. */
  lostLease: boolean;
  /** The API server refuses each status write of it until then. */
  refusedUntilMs: number;
  /** Attempts of which this process knows what became. */
  readonly knownAttempts: Set<string>;
}

/** A call of resetSslConfig, by the request that it was made for. */
export interface SentCall {
  readonly key: string;
  readonly uid: string;
  readonly attempt: string;
}

export const attemptOf = ({ metadata, status }: SslReset): string =>
  `${metadata.uid} ${status.request?.time ?? ''} ${status.request?.attempt ?? 0}`;
