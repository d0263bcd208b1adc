import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import type { Key } from '../../src/lib/key.ts';
import type { Cas } from './instance-cas.ts';

/** What one pass of one process has seen and done so far, for those who judge it. */
export interface PassContext {
  readonly key: Key;
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
  /** The object that follows the instance, as the pass read it first. */
  follower: CloudSqlServerCa | undefined;
  /** The record of a call of a rotation that it wrote, until it is used. */
  rotationRecord: CloudSqlServerCa | undefined;
  /** The CAs that were listed to it last. */
  shownCas: Pick<Cas, 'active' | 'others'> | undefined;
}

export interface ProcessMark {
  readonly replica: number;
  readonly now: () => Date;
  /** The time that it was last shown. */
  readonly lastShown: () => Date;
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
  /** The word by which a person has approved it; undefined: nobody had to. */
  readonly approval: string | undefined;
}

export const attemptOf = ({ metadata, status }: SslReset): string =>
  `${metadata.uid} ${status.request?.time ?? ''} ${status.request?.attempt ?? 0}`;

/** Now, or when the pass read its object: its clock may have been set back since. */
export const latestMs = ({ readMs, process }: PassContext): number => Math.max(readMs, process.now().getTime());
