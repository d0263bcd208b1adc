/**
 * A client certificate that cannot be issued holds back only what needs it. The old server CA is dead already, so
 * whatever does not refer to its Secret is rolled first, and only then the object waits or stalls.
 */

import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import { remainingDelayMs } from '../call/retry.ts';
import { stalled, type Verdict, waiting } from '../conditions.ts';
import { isStalledReason, isWaitingReason } from '../reason-rules.ts';
import { type Dependent, isSame, refersToAny } from '../trust/dependents.ts';
import type { ClientCertificateStatus, WantedCertificate } from '../trust/distribution.ts';
import type { Request, SslReset, Status } from './ssl-reset.ts';

type Hold = NonNullable<Request['hold']>;

/** Failures in a row after which nobody else waits for a certificate any more: half a minute by the defaults. */
const PATIENCE = 5;

/**
 * The request with the hold in it, so that the roll comes next; undefined: nothing is held up, or all that could be rolled
 * without the certificate has been.
 */
export function holdingBack(
  { spec, status: { request, rollout } }: SslReset,
  verdict: Verdict,
  retryAfterMs: number,
  now: Date,
): Request | undefined {
  if (request?.publishedTime === undefined || !isInTheWay(verdict, request)) return undefined;
  if (spec.rollout.disabled || rollout?.total !== undefined) return undefined;
  const hold: Hold = {
    reason: verdict.reason,
    message: oneLine(verdict.message),
    ...(retryAfterMs > 0 && { retryTime: new Date(now.getTime() + retryAfterMs).toISOString() }),
  };
  // What stood still until the deadline leaves none of it for the roll.
  const deadline = verdict.reason === 'DeadlineExceeded' ? { doneTime: toTime(now) } : {};
  return { ...request, ...deadline, hold, issuedTime: toTime(now) };
}

/** Nothing is rolled for a namespace that is allowed nothing. */
function isInTheWay({ kind, reason }: Verdict, { failures = 0 }: Request): boolean {
  if (kind === 'Stalled') return reason !== 'NotPermitted';
  return kind === 'Waiting' && (reason === 'PasswordMissing' || failures >= PATIENCE);
}

/** How the object stands once that has rolled, and what is known then: the certificates are looked at again. */
export function released({ hold, ...request }: Request & { readonly hold: Hold }, now: Date) {
  const { issuedTime: _issuedTime, ...rest } = request;
  return {
    request: rest,
    verdict: holdVerdict(hold),
    retryAfterMs: remainingDelayMs(hold, now),
  };
}

export function holdVerdict({ reason, message = '' }: Hold): Verdict {
  if (isWaitingReason(reason)) return waiting(reason, message);
  return stalled(isStalledReason(reason) ? reason : 'DeadlineExceeded', message);
}

/** Several verdicts as one: what may pass by itself is tried again, whatever waits for a person. */
export const worst = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.find(({ kind }) => kind === 'Waiting') ?? verdicts[0];

/**
 * Whether it is known to be in its Secret, with its key. While one is held up, those from before the reset are not; where
 * only a password is missing, none is held up.
 */
function isLive(entry: ClientCertificateStatus, { hold, before }: Request): boolean {
  const { sha1Fingerprint, secretName, issuing, reason } = entry;
  if (sha1Fingerprint === undefined || secretName === undefined) return false;
  if (issuing !== undefined || reason !== undefined) return false;
  const isInDoubt = hold !== undefined && hold.reason !== 'PasswordMissing';
  return !isInDoubt || before?.clientCertificates?.includes(sha1Fingerprint) !== true;
}

/** Those of the status that are known to be in their Secrets. */
export const liveCertificates = ({
  request,
  clientCertificates: all = [],
}: Status): readonly ClientCertificateStatus[] => all.filter((one) => request === undefined || isLive(one, request));

/** The certificates of the spec that are not known to be in their Secrets. */
function heldBack({ spec, status }: SslReset): readonly WantedCertificate[] {
  if (status.request?.hold === undefined) return [];
  const live = liveCertificates(status);
  return (spec.clientCertificates ?? []).filter(
    ({ commonName, secretName }) => !live.some((one) => one.commonName === commonName && one.secretName === secretName),
  );
}

/** Those whose pods would start with a key that is revoked, or not at all, if they were rolled now. */
export function refersToHeldBack(reset: SslReset): (dependent: Dependent, all: readonly Dependent[]) => boolean {
  const secrets = heldBack(reset).map(({ secretName }) => `Secret/${secretName}`);
  const refers = ({ workload }: Dependent): boolean => workload !== undefined && refersToAny(workload, secrets);
  return (dependent, all) => {
    const from = dependent.workload?.templateFrom;
    return refers(dependent) || (from !== undefined && all.some((one) => isSame(one, from) && refers(one)));
  };
}
