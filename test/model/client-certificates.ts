/** The client certificates of the instance, and what is promised of them: S4, judged from outside. */
import type { IssueResult } from '../../src/domain/call/result.ts';
import { isTrue } from '../../src/domain/conditions.ts';
import type { ClientCertificate } from '../../src/domain/instance.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { heldCertificate } from '../../src/domain/trust/held-certificate.ts';
import type { ObjectData } from '../../src/reconcile/ports.ts';
import { CertificateMaker } from '../support/fakes/client-certificates.ts';
import type { Invariants } from './invariants.ts';
import type { PassContext } from './pass-context.ts';

interface Made extends ClientCertificate {
  readonly madeMs: number;
  readonly maker: 'Operator' | 'Stranger';
  /** Uid of the object that it was issued for. */
  readonly owner: string | undefined;
  /** It was made while an issue of its name was under way, so nothing distinguishes the two. */
  readonly isMistakable: boolean;
}

export const TAKEN: IssueResult = {
  kind: 'Rejected',
  code: 409,
  reason: 'sslCertificateAlreadyExists',
  message: 'exists',
};

/** An issue that left a process, by the record that it was made for. */
export interface SentIssue {
  readonly commonName: string;
  readonly owner: string | undefined;
}

export class ClientCertificates {
  readonly #invariants: Invariants;
  readonly #maker = new CertificateMaker();
  readonly #lastResetMs: () => number;
  readonly #lastCa: () => string | undefined;
  #made: readonly Made[] = [];
  /** Names of which an issue is recorded somewhere. */
  readonly #open = new Map<string, string>();

  constructor(
    invariants: Invariants,
    resets: { readonly lastMs: () => number; readonly lastCa: () => string | undefined },
  ) {
    this.#invariants = invariants;
    this.#lastResetMs = resets.lastMs;
    this.#lastCa = resets.lastCa;
  }

  /** A reset deletes them all. */
  live(): readonly Made[] {
    const since = this.#lastResetMs();
    return this.#made.filter(({ madeMs }) => madeMs >= since);
  }

  /** A call leaves a process: S2 holds for it too. */
  sent({ openedIssue, read }: PassContext, commonName: string): SentIssue {
    if (openedIssue !== commonName)
      this.#invariants.breaks('S2: a client certificate is issued without a record of its own');
    return { commonName, owner: read?.metadata.uid };
  }

  issue({ commonName, owner }: SentIssue, nowMs: number): IssueResult {
    if (this.live().some((one) => one.commonName === commonName)) return TAKEN;
    const certificate = this.#maker.next();
    this.#invariants.note('certificate issued');
    const made = { commonName, ...certificate, madeMs: nowMs, owner };
    this.#made = [...this.#made, { ...made, maker: 'Operator', isMistakable: false }];
    return { kind: 'Issued', certificate };
  }

  /** Somebody else makes one. */
  makeByHand(commonName: string, nowMs: number): void {
    if (this.live().some((one) => one.commonName === commonName)) return;
    const { sha1Fingerprint } = this.#maker.next();
    const isMistakable = [...this.#open.values()].includes(commonName);
    this.#made = [
      ...this.#made,
      { commonName, sha1Fingerprint, madeMs: nowMs, maker: 'Stranger', owner: undefined, isMistakable },
    ];
  }

  /** One is deleted: S4. */
  delete(fingerprint: string): void {
    const found = this.live().find(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint);
    if (found?.maker === 'Stranger' && !found.isMistakable) {
      this.#invariants.breaks('S4: a client certificate is deleted that the operator did not issue');
    }
    if (found !== undefined) this.#invariants.note('certificate deleted');
    this.#made = this.#made.filter(({ sha1Fingerprint }) => sha1Fingerprint !== fingerprint);
  }

  /** A status write is accepted. */
  statusWritten(before: SslReset, after: SslReset, context: PassContext): void {
    const issue = issueOf(after);
    const { uid } = after.metadata;
    if (issue !== undefined && issue.issuing?.time !== issueOf(before)?.issuing?.time)
      this.#opened(uid, issue.commonName, context);
    const past = issueOf(before);
    if (past !== undefined && issue !== undefined && past.issuing?.time !== issue.issuing?.time) {
      this.#invariants.breaks('S4: a status write loses the record of an issue');
    }
    if (issue === undefined) this.#closed(before, after);
    if (issue === undefined) this.#open.delete(uid);
  }

  #opened(uid: string, commonName: string, context: PassContext): void {
    context.openedIssue = commonName;
    this.#open.set(uid, commonName);
    const listedMs = context.certificatesListedMs;
    this.#made = this.#made.map((one) =>
      one.commonName === commonName && one.madeMs >= listedMs ? { ...one, isMistakable: true } : one,
    );
  }

  /**
   * What was issued under a record is in the status when it is closed: else nobody would replace it. What was issued for
   * an object that is gone is nobody's: its name is a conflict for the next object.
   */
  #closed(before: SslReset, after: SslReset): void {
    const issue = issueOf(before);
    if (issue === undefined) return;
    const past = issue.issuing?.before ?? [];
    const [orphan] = this.live().filter(
      ({ commonName, sha1Fingerprint, owner }) =>
        commonName === issue.commonName && owner === before.metadata.uid && !past.includes(sha1Fingerprint),
    );
    const kept = (after.status.clientCertificates ?? []).some((one) => one.sha1Fingerprint === orphan?.sha1Fingerprint);
    if (orphan !== undefined && !kept)
      this.#invariants.breaks('S4: a client certificate that was issued is given up, and its key lost');
  }

  /** At the end an object that is Ready, and has seen the last reset, has each certificate that it wants in its Secret. */
  judgeEnd({ metadata, spec, status }: SslReset, secretOf: (name: string) => ObjectData): void {
    const last = this.#lastCa();
    const isCurrent = last !== undefined && status.serverCa?.sha1Fingerprint === last;
    if (!isTrue(status.conditions, 'Ready') || !isCurrent) return;
    for (const { commonName, secretName } of spec.clientCertificates ?? []) {
      const held = heldCertificate(secretOf(secretName))?.sha1Fingerprint;
      const live = this.live().find((one) => one.commonName === commonName);
      if (live === undefined || held !== live.sha1Fingerprint) {
        this.#invariants.breaks(
          `S4: ${metadata.name} is Ready, and ${secretName} does not hold the key of a live certificate`,
        );
      }
      this.#invariants.note('end: certificate in its Secret');
    }
  }
}

const issueOf = ({ status: { clientCertificates = [] } }: SslReset) =>
  clientCertificates.find(({ issuing }) => issuing !== undefined);
