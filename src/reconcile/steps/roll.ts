import { afterFailure } from '../../domain/call/retry.ts';
import { progressing, ready, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, type KubernetesError } from '../../domain/errors.ts';
import { retryCommand } from '../../domain/reset/admission.ts';
import { hasKeptCa, trusting, whyKept } from '../../domain/reset/ca-change.ts';
import { liveCertificates, refersToHeldBack, released } from '../../domain/reset/certificate-hold.ts';
import { isRepeated, lastExecution } from '../../domain/reset/executed.ts';
import type { Request, SslReset, Status } from '../../domain/reset/ssl-reset.ts';
import { failureMessage, withChanges } from '../../domain/reset/status.ts';
import { carries } from '../../domain/trust/carrier.ts';
import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import type { RollOptions } from '../../domain/trust/judgement.ts';
import { furthest } from '../../domain/trust/roll-progress.ts';
import { planRoll, withStarts } from '../../domain/trust/rollout.ts';
import { hasRolledNothing, isOpen, isTried, leftToPeople, rolloutStatus } from '../../domain/trust/rollout-status.ts';
import { templateAnnotations } from '../../domain/trust/tls-material.ts';
import type { Workload } from '../../domain/trust/workload.ts';
import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import { after, backOff, type Conclusion, type Context } from '../pass.ts';
import { type Reading, readDependents, unreadMessage } from './find-dependents.ts';
import { failed } from './publish.ts';
import { orCannotPublish } from './published-object.ts';
import { rollEvents } from './roll-events.ts';
import { judgeUnreadyPods } from './unready-pods.ts';

/** Health is judged once a second while a roll goes on. */
const JUDGE_EVERY_MS = 1_000;

/** Starts what may start now, judges everything that depends on the instance, and ends when nothing is open any more. */
export async function roll(reset: SslReset, context: Context): Promise<Conclusion> {
  const { rollout: before } = reset.status;
  if (reset.spec.rollout.disabled) return { verdict: verdictOf(reset) };
  const reading = await orCannotPublish(() => readSome(reset, context));
  if ('kind' in reading) return { verdict: reading };
  const all = trusting(reset, reading.dependents);
  const isHeldBack = refersToHeldBack(reset);
  const trusted = all.filter((one) => !isHeldBack(one, all));
  const options: RollOptions = {
    annotations: templateAnnotations(reset, liveCertificates(reset.status)),
    rollout: reset.spec.rollout,
    before,
    isIncomplete: reading.unread.some(({ name }) => name === undefined),
    now: toTime(context.clock.now()),
  };
  const { dependents: found, events } = await judgeUnreadyPods(reset, trusted, options, context);
  const planned = planRoll(found, options);
  const started = await start(planned.start, options, context);
  const plan = planRoll(
    found.map((dependent) => onceStarted(dependent, started)),
    { ...options, before: { ...before, workloads: planned.workloads } },
  );
  const annotated = started.filter(({ kind }) => kind === 'Annotated').map(({ workload }) => workload);
  const judged = plan.workloads.map((row) => failedRow(row, started, options, context));
  const rows = withStarts(judged, annotated, options.now);
  const progress = furthest(plan.progress, before, options.now);
  const heldBack = all.filter((one) => isHeldBack(one, all)).map((one) => heldBackRow(one, reset));
  const rollout = rolloutStatus(before?.revision ?? '', [...rows, ...heldBack], { paused: plan.paused, ...progress });
  const isSettled = plan.isSettled && started.every(({ kind }) => kind === 'Annotated');
  const rolled = isSettled ? ended(withChanges(reset, { rollout }), context.clock.now()) : goesOn(rollout, reading);
  return {
    ...rolled,
    changes: { ...rolled.changes, rollout },
    events: [...events, ...rollEvents(before, rows, { found, now: options.now })],
  };
}

/** What can be read. @throws KubernetesError where that is nothing at all */
async function readSome(reset: SslReset, { workloads }: Context): Promise<Reading> {
  const reading = await readDependents(reset, workloads);
  const isBlind = reading.unread.filter(({ name }) => name === undefined).length === reset.spec.rollout.kinds.length;
  const [first] = reading.unread;
  if (first !== undefined && isBlind) throw first.error;
  return reading;
}

/** Nothing but what cannot be read keeps it from its end: if that is forbidden, somebody must put it right. */
function goesOn(rollout: RolloutStatus, { unread }: Reading): Conclusion {
  const obstacle = unread.find(({ error }) => error.kind !== 'Unavailable');
  if (obstacle !== undefined && !rollout.workloads?.some(isOpen))
    return { verdict: waiting('CannotPublish', unreadMessage(obstacle)) };
  const message = [rollingMessage(rollout), ...unread.map(unreadMessage)].join('; ');
  return { verdict: progressing('RollingOut', message), next: after(JUDGE_EVERY_MS) };
}

type Started =
  | { readonly kind: 'Annotated'; readonly workload: Workload }
  | { readonly kind: 'Refused'; readonly workload: Workload; readonly message: string }
  /** The API server did not get it done, a webhook of this workload say: it is tried again, and no other waits for it. */
  | { readonly kind: 'Unavailable'; readonly workload: Workload; readonly error: KubernetesError }
  /** It changed or went away since it was read: it is judged again in the next pass. */
  | { readonly kind: 'Changed'; readonly workload: Workload };

const start = (workloads: readonly Workload[], options: RollOptions, context: Context): Promise<readonly Started[]> =>
  Promise.all(workloads.map((workload) => annotate(workload, options, context)));

async function annotate(workload: Workload, { annotations }: RollOptions, context: Context): Promise<Started> {
  try {
    const annotated = await context.workloads.annotateTemplate(workload, annotations);
    return carries(annotated, { annotations })
      ? { kind: 'Annotated', workload: annotated }
      : {
          kind: 'Refused',
          workload,
          message: 'An admission webhook or policy removed its annotation',
        };
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound')) return { kind: 'Changed', workload };
    if (isKubernetesError(error, 'Forbidden', 'Refused')) return { kind: 'Refused', workload, message: error.message };
    if (isKubernetesError(error, 'Unavailable')) return { kind: 'Unavailable', workload, error };
    throw error;
  }
}

function onceStarted(dependent: Dependent, started: readonly Started[]): Dependent {
  const done = started.find(({ kind, workload }) => kind === 'Annotated' && isSame(workload, dependent));
  return done === undefined ? dependent : { ...dependent, workload: done.workload };
}

/** The row of one that could not be annotated; any other as it is. */
function failedRow(
  row: WorkloadStatus,
  started: readonly Started[],
  { now }: RollOptions,
  { clock, settings }: Context,
): WorkloadStatus {
  const tried = started.find(({ workload }) => isSame(workload, row));
  switch (tried?.kind) {
    case 'Refused':
      return { ...row, state: 'Failed', message: oneLine(tried.message), startTime: now };
    case 'Unavailable': {
      const { message, retryAfterMs } = tried.error;
      const startTime = row.failures === undefined ? now : (row.startTime ?? now);
      const again = afterFailure(row, clock.now(), settings, retryAfterMs);
      return { ...again, state: 'Pending', message: oneLine(message), startTime };
    }
    default:
      return row;
  }
}

/** It goes on once the certificate that its Secret is to hold has been issued. */
const heldBackRow = ({ kind, name, wave }: Dependent, { status: { request } }: SslReset): WorkloadStatus => ({
  kind,
  name,
  wave,
  state: 'Pending',
  message: oneLine(
    `It refers to the Secret of a client certificate that is not issued, and rolls once it is: ${request?.hold?.message ?? ''}`,
  ),
});

function ended(reset: SslReset, now: Date): Conclusion {
  const { request: past, operation } = reset.status;
  if (past?.hold === undefined) return { verdict: verdictOf(reset) };
  const { request, verdict, retryAfterMs } = released({ ...past, hold: past.hold }, now);
  if (operation?.error !== undefined) return { changes: { request }, verdict: failed(reset, operation) };
  return { changes: { request }, verdict, next: backOff(retryAfterMs) };
}

function verdictOf(reset: SslReset): Verdict {
  const { status } = reset;
  const { request, operation, rollout } = status;
  if (operation?.error !== undefined) return failed(reset, operation);
  if ((rollout?.failed ?? 0) > 0) {
    return stalled(
      'RolloutFailed',
      `${oneLine(failureMessage(status), 700)}. Check again with: ${retryCommand(reset)}`,
    );
  }
  const isKept = hasKeptCa(status) && hasRolledNothing(rollout);
  const how = isKept ? `nothing had to roll: ${whyKept(reset.spec)}` : rolled(rollout);
  const what = [how, manual(rollout), paused(rollout), published(status), issued(status)]
    .filter((text) => text !== '')
    .join('; ');
  if (request?.outcome !== 'AlreadyDone') return ready('Complete', `${what}; operation ${operation?.name ?? ''}`);
  if (isRepeated(reset.status, request)) return ready('AlreadyExecuted', `${repeated(reset, request)}; ${what}`);
  const uncalled = request.attempt === 0 ? 'nothing was called' : 'it was not called again';
  return reset.spec.preconditions.serverCertificate === 'Missing'
    ? ready('AlreadyPresent', `The instance already had a server certificate, so ${uncalled}; ${what}`)
    : ready('AlreadyRotated', `The server CA had already been rotated, so ${uncalled}; ${what}`);
}

/** Which value has come back, what is known of its call, and how a person asks for another reset. */
function repeated({ status }: SslReset, { requestId = '' }: Request): string {
  const last = lastExecution(status, requestId);
  const isCertain = last?.operation !== undefined;
  const when = last === undefined ? '' : `, ${last.startTime ?? ''} (${last.operation ?? last.outcome})`;
  return `requestId "${requestId}" ${isCertain ? 'was' : 'was, or may have been,'} executed before${when}, so nothing was called: a value that was never used before requests another reset`;
}

/** Enough of a fingerprint to distinguish CAs; `status.serverCa` has it whole. */
const published = ({ serverCa }: Status): string =>
  `server CA ${serverCa?.sha1Fingerprint?.slice(0, 8) ?? ''}…${serverCa?.publishedTo === undefined ? '' : ` in ${serverCa.publishedTo}`}`;

function issued({ request, clientCertificates = [] }: Status): string {
  const { length } = clientCertificates;
  if (request?.issuedTime === undefined) return '';
  return `${length} client ${length === 1 ? 'certificate' : 'certificates'} issued`;
}

const rolled = (rollout: RolloutStatus | undefined): string =>
  rollout?.summary === undefined ? '' : `${rollout.summary} workloads rolled`;

function manual(rollout: RolloutStatus | undefined): string {
  const count = rollout === undefined ? 0 : leftToPeople(rollout);
  return count === 0 ? '' : `${count} left to a person: see rollout.workloads`;
}

const paused = (rollout: RolloutStatus | undefined): string =>
  rollout?.paused === undefined ? '' : `${rollout.paused} paused, and rolled when resumed: see rollout.workloads`;

function rollingMessage({ summary = '', workloads = [] }: RolloutStatus): string {
  const named = ({ kind, name }: WorkloadStatus): string => `${kind} ${name}`;
  const rows = workloads.filter(({ state }) => state === 'Rolling').slice(0, 10);
  const open = rows.map((row, index) =>
    row.message === undefined || index >= 3 ? named(row) : `${named(row)} (${oneLine(row.message, 256)})`,
  );
  const tried = workloads.filter(isTried).slice(0, 3);
  return [
    `${summary} rolled`,
    ...(open.length === 0 ? [] : [`waiting for ${open.join(', ')}`]),
    ...tried.map((row) => `trying again ${named(row)}: ${oneLine(row.message ?? '', 256)}`),
  ].join('; ');
}
