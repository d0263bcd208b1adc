/** How it stands once its roll has settled, in words. */
import { oneLine } from '../../lib/one-line.ts';
import { shell } from '../../lib/shell.ts';
import { toTime } from '../../lib/time.ts';
import { progressing, ready, stalled, type Verdict } from '../conditions.ts';
import { rollWords } from '../trust/rolled-condition.ts';
import { failureMessage } from '../trust/rollout-status.ts';
import { retryCommand } from './deadline.ts';
import { awaitsForgetting, awaitsRoll } from './held-back.ts';
import { isExpired } from './publication.ts';
import { dueByExpiryMs, isExecuted } from './rotation/due.ts';
import { MAX_HISTORY } from './rotation/rotation.ts';
import { activeVersion } from './rotation/versions.ts';
import { activeCa, type CloudSqlServerCa, type RecordedCa } from './server-ca-object.ts';

export const LOOKING_FOR_DEPENDENTS: Verdict = progressing(
  'RollingOut',
  'Looking for the workloads that depend on the instance',
);

export function completion(object: CloudSqlServerCa, now: Date): Verdict {
  const { serverCas = [], publishedTo = '', rollout } = object.status;
  if ((rollout?.failed ?? 0) > 0) {
    return stalled(
      'RolloutFailed',
      `${oneLine(failureMessage(rollout), 700)}. Check again with: ${retryCommand(object)}`,
    );
  }
  const alike = serverCas.find((ca) => ca.role === 'Waiting' && !ca.published && !isExpired(ca, now));
  if (alike !== undefined) return stalled('NotRotatable', alikeMessage(object, alike.sha1Fingerprint));
  const { rolled, manual, paused } = rollWords(rollout);
  const active = `server CA ${short(activeCa(object.status)?.sha1Fingerprint)} in ${publishedTo}`;
  const others = serverCas.flatMap(({ role, published, sha1Fingerprint }) =>
    published && role !== 'Active'
      ? [`${role === 'Waiting' ? 'waiting' : 'rotated out'} ${short(sha1Fingerprint)}`]
      : [],
  );
  const published = [active, ...others, ...certificate(object)].join(', ');
  const what = [
    published,
    rolled,
    manual,
    paused,
    ...heldBack(serverCas),
    rotatedByCloudSql(object) ?? '',
    recordedRequest(object) ?? '',
    heldBackByPin(object, now) ?? '',
  ]
    .filter((text) => text !== '')
    .join('; ');
  return ready('UpToDate', what);
}

function heldBack(serverCas: readonly RecordedCa[]): readonly string[] {
  const [next, past] = [serverCas.find(awaitsRoll), serverCas.find(awaitsForgetting)];
  return [
    ...(next === undefined ? [] : [`workloads are not rolled for the waiting one yet: ${next.heldBack}`]),
    ...(past === undefined ? [] : [`workloads are not rolled yet to forget the rotated-out one: ${past.heldBack}`]),
  ];
}

function certificate({ status }: CloudSqlServerCa): readonly string[] {
  const active = status.certificates === undefined ? undefined : activeVersion(status);
  return active === undefined ? [] : [`server certificate ${short(active.sha1Fingerprint)}`];
}

/** The object had a request when it had no status: created, restored, or of a second cluster. */
function recordedRequest(object: CloudSqlServerCa): string | undefined {
  const { spec, status } = object;
  const { requestId } = spec.rotation;
  const { history = [] } = status;
  const isKnown = history.length >= MAX_HISTORY || history.some((one) => one.requestId === requestId);
  if (!isExecuted(object) || isKnown) return undefined;
  return `rotation.requestId ${requestId} was there when the object had no status, so it is recorded and rotates nothing: another value asks for a rotation`;
}

/** A pin holds back a rotation by expiry, and not the expiry; undefined: it holds back none by now. */
function heldBackByPin(object: CloudSqlServerCa, now: Date): string | undefined {
  const { mode, activeSha1Fingerprint: pin } = object.spec.rotation;
  const { sha1Fingerprint, expirationTime = '' } = activeVersion(object.status) ?? {};
  const dueMs = dueByExpiryMs(object);
  const isDue = mode === 'WhenDue' && dueMs !== undefined && dueMs <= now.getTime();
  if (!isDue || pin?.toLowerCase() !== sha1Fingerprint) return undefined;
  const since = toTime(new Date(dueMs));
  return `rotation.activeSha1Fingerprint holds back a rotation that is due since ${since}: the server CA expires at ${expirationTime}`;
}

/** Beside this object's own rotation; undefined: it does not. */
export function rotatedByCloudSql({ spec, status }: CloudSqlServerCa): string | undefined {
  const { serverCertificateRotationMode: mode = '' } = status;
  if (spec.rotation.mode !== 'WhenDue' || !mode.startsWith('AUTOMATIC')) return undefined;
  return `Cloud SQL rotates the server certificate by itself too (serverCertificateRotationMode ${mode}), without a look at these workloads: set that to NO_AUTOMATIC_ROTATION, or rotation.mode to OnRequest`;
}

/** Enough of a fingerprint to distinguish CAs; `status.serverCas` has it whole. */
const short = (fingerprint = ''): string => `${fingerprint.slice(0, 8)}…`;

function alikeMessage({ spec: { project, instance } }: CloudSqlServerCa, waiting: string): string {
  const command = shell`gcloud sql ssl server-ca-certs list --instance=${instance} --project=${project}`;
  return `The waiting server CA ${waiting} has the subject of the active one, and not both have a key identifier: OpenSSL clients cannot tell them apart, so it is neither published nor rolled for, and a switch to it breaks connections. Do not rotate to it; replace the CA with a CloudSqlSslReset instead. To see both: ${command}`;
}
