import { oneLine, progressing, ready, stalled, toTime, type Verdict } from '../../domain/conditions.ts';
import { type Dependent, isSame } from '../../domain/dependents.ts';
import { isKubernetesError } from '../../domain/errors.ts';
import { isRepeated, lastExecution } from '../../domain/executed.ts';
import { retryCommand } from '../../domain/gate.ts';
import { hasKeptCa, trusting, whyKept } from '../../domain/kept-ca.ts';
import {
  carries,
  hasRolledNothing,
  leftToPeople,
  planRoll,
  type RollOptions,
  rolloutStatus,
  withStarts,
} from '../../domain/rollout.ts';
import type { Request, RolloutStatus, SslReset, WorkloadStatus } from '../../domain/ssl-reset.ts';
import { type Facts, factsOf, failureMessage } from '../../domain/status.ts';
import { templateAnnotations } from '../../domain/tls-material.ts';
import type { Workload } from '../../domain/workload.ts';
import type { StepResult, World } from '../pass.ts';
import { findDependents } from './find-dependents.ts';
import { failed } from './publish.ts';
import { orCannotPublish } from './published-object.ts';
import { rollEvents } from './roll-events.ts';
import { judgeUnreadyPods } from './unready-pods.ts';

/** Health is judged once a second while a roll goes on. */
const JUDGE_EVERY_MS = 1_000;

/** Starts what may start now, judges everything that depends on the instance, and ends when nothing is open any more. */
export async function roll(reset: SslReset, world: World): Promise<StepResult> {
  const facts = factsOf(reset);
  const revision = facts.rollout?.revision ?? '';
  if (reset.spec.rollout.disabled) return { kind: 'Finding', facts, verdict: ended(reset, facts) };
  const dependents = await orCannotPublish(() => findDependents(reset, world.workloads));
  if ('kind' in dependents) return { kind: 'Finding', facts, verdict: dependents };
  const trusted = trusting(reset, dependents);
  const options: RollOptions = {
    annotations: templateAnnotations(reset),
    rollout: reset.spec.rollout,
    before: facts.rollout,
    now: toTime(world.clock.now()),
  };
  const { dependents: found, events } = await judgeUnreadyPods(reset, trusted, options, world);
  const planned = planRoll(found, options);
  const started = await start(planned.start, options, world);
  const plan = planRoll(
    found.map((dependent) => after(dependent, started)),
    { ...options, before: { ...facts.rollout, workloads: planned.workloads } },
  );
  const annotated = started.filter(({ kind }) => kind === 'Annotated').map(({ workload }) => workload);
  const judged = plan.workloads.map((row) => refusedRow(row, started, options) ?? row);
  const rows = withStarts(judged, annotated, options.now);
  const rollout = rolloutStatus(revision, rows, plan);
  const next = { ...facts, rollout };
  const isSettled = plan.isSettled && started.every(({ kind }) => kind === 'Annotated');
  return {
    kind: 'Finding',
    facts: next,
    verdict: isSettled ? ended(reset, next) : progressing('RollingOut', rollingMessage(rollout)),
    ...(!isSettled && { requeueAfterMs: JUDGE_EVERY_MS }),
    events: [...events, ...rollEvents(facts.rollout, rows, { found, now: options.now })],
  };
}

type Started =
  | { readonly kind: 'Annotated'; readonly workload: Workload }
  | { readonly kind: 'Refused'; readonly workload: Workload; readonly message: string }
  /** It changed or went away since it was read: it is judged anew in the next pass. */
  | { readonly kind: 'Changed'; readonly workload: Workload };

const start = (workloads: readonly Workload[], options: RollOptions, world: World): Promise<readonly Started[]> =>
  Promise.all(workloads.map((workload) => annotate(workload, options, world)));

async function annotate(workload: Workload, { annotations }: RollOptions, world: World): Promise<Started> {
  try {
    const annotated = await world.workloads.annotateTemplate(workload, annotations);
    return carries(annotated, { annotations })
      ? { kind: 'Annotated', workload: annotated }
      : {
          kind: 'Refused',
          workload,
          message: 'Its annotation was dropped on its way, by an admission webhook or policy',
        };
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound')) return { kind: 'Changed', workload };
    if (isKubernetesError(error, 'Forbidden', 'Refused')) return { kind: 'Refused', workload, message: error.message };
    throw error;
  }
}

function after(dependent: Dependent, started: readonly Started[]): Dependent {
  const done = started.find(({ kind, workload }) => kind === 'Annotated' && isSame(workload, dependent));
  return done === undefined ? dependent : { ...dependent, workload: done.workload };
}

function refusedRow(
  row: WorkloadStatus,
  started: readonly Started[],
  { now }: RollOptions,
): WorkloadStatus | undefined {
  const refusal = started.find((one) => one.kind === 'Refused' && isSame(one.workload, row));
  return refusal?.kind === 'Refused'
    ? { ...row, state: 'Failed', message: oneLine(refusal.message), startTime: now }
    : undefined;
}

function ended(reset: SslReset, facts: Facts): Verdict {
  const { request, operation, rollout } = facts;
  if (operation?.error !== undefined) return failed(reset, operation);
  if ((rollout?.failed ?? 0) > 0) {
    return stalled(
      'RolloutFailed',
      `${oneLine(failureMessage(facts), 700)}. Judge it again with: ${retryCommand(reset)}`,
    );
  }
  const isKept = hasKeptCa(facts) && hasRolledNothing(rollout);
  const how = isKept ? `nothing had to roll: ${whyKept(reset.spec)}` : rolled(rollout);
  const what = [how, manual(rollout), paused(rollout), published(facts), issued(facts)]
    .filter((text) => text !== '')
    .join('; ');
  if (request?.outcome !== 'AlreadyDone') return ready('Complete', `${what}; operation ${operation?.name ?? ''}`);
  if (isRepeated(reset.status, request)) return ready('AlreadyExecuted', `${repeated(reset, request)}; ${what}`);
  const uncalled = request.attempt === 0 ? 'nothing was called' : 'it was not called again';
  return reset.spec.preconditions.serverCertificate === 'Missing'
    ? ready('AlreadyPresent', `The instance had a server certificate, so ${uncalled}; ${what}`)
    : ready('AlreadyRotated', `The server CA was rotated before, so ${uncalled}; ${what}`);
}

/** Which value has come back, what is known of its call, and how a person asks for another reset. */
function repeated({ status }: SslReset, { requestId = '' }: Request): string {
  const last = lastExecution(status, requestId);
  const isCertain = last?.operation !== undefined;
  const when = last === undefined ? '' : `, ${last.startTime ?? ''} (${last.operation ?? last.outcome})`;
  return `requestId "${requestId}" ${isCertain ? 'was' : 'was, or may have been,'} executed before${when}, so nothing was called: a value that was never used before asks for another reset`;
}

/** Enough of a fingerprint to tell one CA from another; `status.serverCa` has it whole. */
const published = ({ serverCa }: Facts): string =>
  `server CA ${serverCa?.sha1Fingerprint?.slice(0, 8) ?? ''}…${serverCa?.publishedTo === undefined ? '' : ` in ${serverCa.publishedTo}`}`;

function issued({ request, clientCertificates = [] }: Facts): string {
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
  const rows = workloads.filter(({ state }) => state === 'Rolling');
  const open = rows.map(({ kind, name, message }, index) =>
    message === undefined || index >= 3 ? `${kind} ${name}` : `${kind} ${name} (${oneLine(message, 256)})`,
  );
  return open.length === 0 ? `${summary} rolled` : `${summary} rolled; waiting for ${open.slice(0, 10).join(', ')}`;
}
