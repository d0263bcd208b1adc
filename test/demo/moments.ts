/** From how something was and how it is now to what there is to report. */
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import type { JournalEntry } from '../cloudsql-emulator/journal.ts';
import type { Deployment } from './deployment.ts';
import type { Moment } from './timeline.ts';

/** A call that Cloud SQL has answered, or dropped. */
export function callMoment({ method, path, status }: JournalEntry): Moment {
  return { subject: 'Request', text: `${method} ${path} → ${status ?? 'no answer'}` };
}

/** Undefined `before`: it is seen for the first time. */
export function resetMoments(before: SslReset | undefined, after: SslReset): readonly Moment[] {
  return [recordMoment, operationMoment, serverCaMoment, verdictMoment].flatMap((momentOf) => {
    const moment = momentOf(after);
    const isNews = moment !== undefined && (before === undefined || momentOf(before)?.text !== moment.text);
    return isNews ? [moment] : [];
  });
}

/** Each phase of a rotation, and the end. */
export function rotationMoments(before: CloudSqlServerCa | undefined, after: CloudSqlServerCa): readonly Moment[] {
  const [old, now] = [before, after].map((object) => phaseMoment(object));
  return now === undefined || now.text === old?.text ? [] : [now];
}

function phaseMoment(object: CloudSqlServerCa | undefined): Moment | undefined {
  const { rotation: { phase = 'Idle', previous, next } = {}, history = [] } = object?.status ?? {};
  const [last] = history;
  if (phase !== 'Idle') {
    return {
      subject: 'Rotation',
      text: `${phase}: ${short(previous)} → ${next === undefined ? 'a new one' : short(next)}`,
    };
  }
  return (
    last && {
      subject: 'Rotation',
      text: `${last.outcome}: ${short(last.previous)} → ${short(last.next)}`,
      tone: 'Good',
    }
  );
}

function recordMoment({ status: { request } }: SslReset): Moment | undefined {
  if (request === undefined || request.attempt === 0) return undefined;
  const ca = short(request.before?.serverCaSha1Fingerprint);
  return {
    subject: 'Record',
    text: `attempt ${request.attempt} in the status, before the call; the server CA is ${ca}`,
  };
}

function operationMoment({ status: { operation } }: SslReset): Moment | undefined {
  return operation && { subject: 'Operation', text: operationTrail(operation) };
}

const STATES = ['PENDING', 'RUNNING', 'DONE'];

/** The states up to the current one: where the poll missed one, it was there all the same. */
function operationTrail({ status = 'UNKNOWN' }: { readonly status?: string }): string {
  const index = STATES.indexOf(status);
  return index < 0 ? status : STATES.slice(0, index + 1).join(' → ');
}

function serverCaMoment({ status: { serverCa } }: SslReset): Moment | undefined {
  if (serverCa?.publishedTo === undefined) return undefined;
  const { previousSha1Fingerprint, sha1Fingerprint, publishedTo } = serverCa;
  return {
    subject: 'Server CA',
    text: `${short(previousSha1Fingerprint)} → ${short(sha1Fingerprint)}, in ${publishedTo}`,
  };
}

/** What goes on is shown by what comes of it; what holds it up, and its end, are given in the operator's words. */
function verdictMoment({ metadata: { name, generation }, status }: SslReset): Moment | undefined {
  const ready = findCondition(status.conditions, 'Ready');
  if (ready === undefined || ready.observedGeneration !== generation) return undefined;
  const reconciling = findCondition(status.conditions, 'Reconciling');
  if (ready.status === 'Unknown') {
    return reconciling?.reason === 'Preflight' ? { subject: name, text: 'Preflight', tone: 'Faint' } : undefined;
  }
  const tone = ready.status === 'True' ? 'Good' : 'Bad';
  return { subject: name, text: `${ready.reason}: ${ready.message}`, tone };
}

/** Seen for the first time, a Deployment is as it was. */
export function deploymentMoments(before: Deployment | undefined, after: Deployment): readonly Moment[] {
  if (before === undefined || progress(before) === progress(after)) return [];
  return [deploymentMoment(after)];
}

export function deploymentMoment(deployment: Deployment): Moment {
  return {
    subject: deployment.name,
    text: progress(deployment),
    ...(deployment.isHealthy && { tone: 'Good' }),
  };
}

/** One sign a pod, with room for the one that a roll surges by. */
function progress({ desired, pods: { fresh, starting, old }, isHealthy }: Deployment): string {
  const bar = '▓'.repeat(fresh) + '▒'.repeat(starting) + '░'.repeat(old);
  return `${bar.padEnd(desired + 1)} ${fresh}/${desired}${isHealthy ? ' healthy' : ''}`;
}

/** Enough of a fingerprint to distinguish two. */
export const short = (fingerprint: string | undefined): string =>
  fingerprint === undefined ? 'none' : `${fingerprint.slice(0, 8)}…`;
