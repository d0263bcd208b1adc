/**
 * Client certificates: what is to be done for one that the spec wants, and what became of an issue that nobody saw end.
 * A certificate is ours only if the status holds its fingerprint, or a record of an issue is open for its name.
 */
import type { ClientCertificate } from '../instance.ts';
import type { OpenIssue } from './certificate-status.ts';
import type { ClientCertificateStatus } from './distribution.ts';
import type { HeldCertificate } from './held-certificate.ts';

/** Who wrote a Secret, as far as the Secret itself shows. */
export type SecretOrigin =
  /** This object. */
  | 'Own'
  /** Somebody, who has handed it over to this object. */
  | 'HandedOver'
  /** It is not this object's to write. */
  | 'Foreign';

/** A Secret that may hold the key of a certificate. */
export interface KeySecret {
  readonly name: string;
  readonly origin: SecretOrigin;
  readonly held: HeldCertificate | undefined;
}

export type CertificateJudgement =
  /** The instance has it, and the Secret holds it with its key. */
  | { readonly kind: 'Keep'; readonly held: HeldCertificate; readonly isOurs: boolean }
  /** The instance has it, and another Secret than the one that the spec names holds it with its key. */
  | { readonly kind: 'Move'; readonly held: HeldCertificate; readonly isOurs: boolean; readonly from: string }
  /** The instance has no certificate of the name. */
  | { readonly kind: 'Issue' }
  /** It is ours, and nobody has its key any more: it must go before its name can be issued again. */
  | { readonly kind: 'Delete'; readonly sha1Fingerprint: string }
  /** The instance has one of the name that we did not issue. */
  | { readonly kind: 'Conflict'; readonly sha1Fingerprint: string };

export interface CertificateFacts {
  readonly commonName: string;
  /** What the status holds of it. */
  readonly recorded: ClientCertificateStatus | undefined;
  /** The client certificates of the instance. */
  readonly listed: readonly ClientCertificate[];
  /** The Secret that the spec names; undefined: there is none. */
  readonly secret: KeySecret | undefined;
  /** The Secret that the status names, and those of the other certificates. */
  readonly others: readonly KeySecret[];
}

/**
 * A name is unique in an instance, so anybody else who has it keeps it. What the status holds is ours; and where the
 * status was lost, what one of our Secrets holds with its key is kept, since nobody else can have written it there.
 */
export function judgeCertificate({
  commonName,
  recorded,
  listed,
  secret,
  others,
}: CertificateFacts): CertificateJudgement {
  const named = listed.filter((one) => one.commonName === commonName);
  const isHandedOver = (fingerprint: string): boolean =>
    recorded?.handedOver === true && recorded.sha1Fingerprint === fingerprint;
  const own = named.find(
    ({ sha1Fingerprint }) => sha1Fingerprint === recorded?.sha1Fingerprint && !isHandedOver(sha1Fingerprint),
  );
  const kept = [secret, ...others].flatMap((one) => {
    const held = one?.held;
    const fingerprint = held?.sha1Fingerprint ?? '';
    const isListed = named.some(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint);
    const isKnown = own?.sha1Fingerprint === fingerprint || (one !== undefined && one.origin !== 'Foreign');
    const isOurs = own?.sha1Fingerprint === fingerprint || (one?.origin === 'Own' && !isHandedOver(fingerprint));
    return one !== undefined && held !== undefined && isListed && isKnown ? [{ held, isOurs, from: one }] : [];
  });
  const [found] = kept;
  if (found !== undefined) {
    const { from, ...rest } = found;
    return from === secret ? { kind: 'Keep', ...rest } : { kind: 'Move', ...rest, from: from.name };
  }
  const foreign = named.find((one) => one !== own);
  if (foreign !== undefined) return { kind: 'Conflict', sha1Fingerprint: foreign.sha1Fingerprint };
  return own === undefined ? { kind: 'Issue' } : { kind: 'Delete', sha1Fingerprint: own.sha1Fingerprint };
}

/** A certificate that goes from one Secret into another. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * The moves in such an order that no key is written over before it is in its new place. Where they go in a circle the
 * last one needs what was read before: a crash in between costs that certificate, which is then replaced.
 */
export function inSafeOrder<T extends Move>(moves: readonly T[]): readonly T[] {
  const ordered: T[] = [];
  for (let left = moves; left.length > 0; ) {
    const [next = left[0]] = left.filter(({ to }) => !left.some(({ from }) => from === to));
    if (next === undefined) break;
    ordered.push(next);
    left = left.filter((one) => one !== next);
  }
  return ordered;
}

export type IssueResolution =
  /** It was issued; only the Secret shows whether its key reached it. */
  | { readonly kind: 'Issued'; readonly sha1Fingerprint: string }
  | { readonly kind: 'Wait' }
  /** It was not issued and never will be. */
  | { readonly kind: 'NotIssued' }
  | { readonly kind: 'Conflict'; readonly sha1Fingerprints: readonly string[] };

export interface IssueObservation {
  readonly issue: OpenIssue;
  readonly listed: readonly ClientCertificate[];
  /** Since this process saw the record first, on its own monotonic clock, before the list was read. */
  readonly sinceSeenMs: number;
  readonly resolveGraceMs: number;
}

/** What became of an issue whose answer nobody has: whatever got the name since the record is its certificate. */
export function resolveIssue({ issue, listed, sinceSeenMs, resolveGraceMs }: IssueObservation): IssueResolution {
  const before = issue.issuing.before ?? [];
  const found = listed
    .filter(({ commonName, sha1Fingerprint }) => commonName === issue.commonName && !before.includes(sha1Fingerprint))
    .map(({ sha1Fingerprint }) => sha1Fingerprint);
  const [only] = found;
  if (found.length > 1) return { kind: 'Conflict', sha1Fingerprints: found };
  if (only !== undefined) return { kind: 'Issued', sha1Fingerprint: only };
  return { kind: sinceSeenMs < resolveGraceMs ? 'Wait' : 'NotIssued' };
}
