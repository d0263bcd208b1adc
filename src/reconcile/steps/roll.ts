import { progressing, waiting } from '../../domain/conditions.ts';
import { trusting } from '../../domain/reset/ca-change.ts';
import { liveCertificates, refersToHeldBack, released } from '../../domain/reset/certificate-hold.ts';
import { completion, failed } from '../../domain/reset/completion.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { withChanges } from '../../domain/reset/status.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import type { RollOptions } from '../../domain/trust/judgement.ts';
import { furthest } from '../../domain/trust/roll-progress.ts';
import { isOpen, isTried, rolloutStatus } from '../../domain/trust/rollout-status.ts';
import { templateAnnotations } from '../../domain/trust/tls-material.ts';
import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import { after, backOff, type Conclusion, type Context } from '../pass.ts';
import { orCannotPublish } from '../publishing/apply.ts';
import { type Reading, readSome, unreadMessage } from '../rolling/find-dependents.ts';
import { rollDependents } from '../rolling/roll-dependents.ts';

/** Health is judged once a second while a roll goes on. */
const JUDGE_EVERY_MS = 1_000;

/** Starts what may start now, judges everything that depends on the instance, and ends when nothing is open any more. */
export async function roll(reset: SslReset, context: Context): Promise<Conclusion> {
  const { rollout: before } = reset.status;
  if (reset.spec.rollout.disabled) return { verdict: completion(reset) };
  const reading = await orCannotPublish(() => readSome(reset, context.workloads));
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
  const { rows, plan, events } = await rollDependents(reset, trusted, options, context);
  const progress = furthest(plan.progress, before, options.now);
  const heldBack = all.filter((one) => isHeldBack(one, all)).map((one) => heldBackRow(one, reset));
  const rollout = rolloutStatus(before?.revision ?? '', [...rows, ...heldBack], { paused: plan.paused, ...progress });
  const rolled = plan.isSettled
    ? ended(withChanges(reset, { rollout }), context.clock.now())
    : goesOn(rollout, reading);
  return { ...rolled, changes: { ...rolled.changes, rollout }, events };
}

/** Nothing but what cannot be read keeps it from its end: if that is forbidden, somebody must put it right. */
function goesOn(rollout: RolloutStatus, { unread }: Reading): Conclusion {
  const obstacle = unread.find(({ error }) => error.kind !== 'Unavailable');
  if (obstacle !== undefined && !rollout.workloads?.some(isOpen))
    return { verdict: waiting('CannotPublish', unreadMessage(obstacle)) };
  const message = [rollingMessage(rollout), ...unread.map(unreadMessage)].join('; ');
  return { verdict: progressing('RollingOut', message), next: after(JUDGE_EVERY_MS) };
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
  if (past?.hold === undefined) return { verdict: completion(reset) };
  const { request, verdict, retryAfterMs } = released({ ...past, hold: past.hold }, now);
  if (operation?.error !== undefined) return { changes: { request }, verdict: failed(reset, operation) };
  return { changes: { request }, verdict, next: backOff(retryAfterMs) };
}

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
