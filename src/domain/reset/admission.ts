import { oneLine } from '../../lib/one-line.ts';
import { shell } from '../../lib/shell.ts';
import { timeOf, toTime } from '../../lib/time.ts';
import type { Verdict } from '../conditions.ts';
import { findCondition, stalled } from '../conditions.ts';
import type { Permission } from '../permission.ts';
import { unusableField } from '../trust/usable.ts';
import { isPastDeadline } from './deadline.ts';
import { recreationMark } from './recreation.ts';
import type { SslReset } from './ssl-reset.ts';

export interface AdmissionFacts {
  readonly permission: Permission;
  readonly requirePreconditions: boolean;
  readonly now: Date;
}

/** Why this request may not be called at all, from what is known without asking Cloud SQL; undefined: it may. */
export function admissionObstacle(
  reset: SslReset,
  { permission, requirePreconditions, now }: AdmissionFacts,
): Verdict | undefined {
  const { serverCaSha1Fingerprint, serverCertificate, notAfterTime } = reset.spec.preconditions;
  const hasPrecondition = serverCaSha1Fingerprint !== undefined || serverCertificate !== undefined;
  if (!permission.allowed) return stalled('NotPermitted', permission.message);
  const unusable = unusableField(reset.spec);
  if (unusable !== undefined) return stalled('InvalidRequest', unusable);
  const mark = hasPrecondition ? undefined : recreationMark(reset.metadata);
  if (mark !== undefined) return stalled('HookNotAllowed', recreationMessage(reset, mark));
  const late = expiry(notAfterTime, now);
  if (late !== undefined) return late;
  if (isPastDeadline(reset, now)) return stalled('DeadlineExceeded', deadlineMessage(reset));
  if (requirePreconditions && !hasPrecondition) {
    return stalled(
      'PreconditionsRequired',
      'The operator runs with --require-preconditions: set preconditions.serverCaSha1Fingerprint to the fingerprint of the CA to replace, or preconditions.serverCertificate: Missing',
    );
  }
  return undefined;
}

const recreationMessage = (reset: SslReset, mark: string): string =>
  `With ${oneLine(mark, 128)}, a sync may recreate this object, and would reset the instance each time: set preconditions.serverCaSha1Fingerprint or preconditions.serverCertificate: Missing; or remove that annotation or label, and retry with: ${retryCommand(reset)}`;

/** The CRD takes no time that cannot be read, but one of another version may have. */
function expiry(notAfterTime: string | undefined, now: Date): Verdict | undefined {
  if (notAfterTime === undefined) return undefined;
  const ms = timeOf(notAfterTime);
  if (ms === undefined) {
    return stalled(
      'InvalidRequest',
      `preconditions.notAfterTime ${JSON.stringify(notAfterTime)} cannot be read, so nothing is called: write an RFC 3339 time, such as ${toTime(now)}, or remove it`,
    );
  }
  return now.getTime() > ms
    ? stalled('Expired', `preconditions.notAfterTime ${notAfterTime} has passed: nothing is called`)
    : undefined;
}

/** What it waited for stays to be read. */
export function deadlineMessage(reset: SslReset, waitedFor = lastMessage(reset)): string {
  const cause = waitedFor === '' ? '' : ` Last: ${waitedFor}`;
  const what = reset.status.rollout?.progressTime === undefined ? 'Not done' : 'No workload made progress';
  return `${what} within deadlineSeconds (${reset.spec.deadlineSeconds} s).${cause} Retry with: ${retryCommand(reset)}`;
}

function lastMessage({ status: { conditions } }: SslReset): string {
  const condition = findCondition(conditions, 'Reconciling');
  return condition === undefined ? '' : `${condition.reason}: ${condition.message}`;
}

export const retryCommand = ({ metadata: { namespace, name } }: SslReset): string =>
  shell`kubectl -n ${namespace} annotate sslreset ${name} --overwrite cloudsql-ssl.dev/retry="$(date +%s)"`;
