import { refersToHeldBack, released } from '../../domain/reset/certificate-hold.ts';
import { completion, failed } from '../../domain/reset/completion.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { withChanges } from '../../domain/reset/status.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import type { WorkloadStatus } from '../../domain/trust/distribution.ts';
import { oneLine } from '../../lib/one-line.ts';
import { backOff, type Conclusion, type Context } from '../pass.ts';
import { orCannotPublish } from '../publishing/apply.ts';
import { readyOf } from '../rolling/await-followers.ts';
import { readSome } from '../rolling/find-dependents.ts';
import { rollGoesOn } from '../rolling/roll-goes-on.ts';
import { awaitedByReset } from './awaited-followers.ts';
import { judgedDependents, rollReset } from './roll-reset.ts';

/** Starts what may start now, judges everything that depends on the instance, and ends when nothing is open any more. */
export async function roll(reset: SslReset, context: Context): Promise<Conclusion> {
  if (reset.spec.rollout.disabled) return { verdict: completion(reset) };
  const reading = await orCannotPublish(() => readSome(reset, context.workloads));
  if ('kind' in reading) return { verdict: reading };
  const all = judgedDependents(reset, reading, context);
  const isHeldBack = refersToHeldBack(reset);
  const heldBack = all.filter((one) => isHeldBack(one, all));
  const trusted = all.filter((one) => !heldBack.includes(one));
  const { ready, awaiting } = readyOf(trusted, awaitedByReset(reset, context));
  const others = [...heldBack.map((one) => heldBackRow(one, reset)), ...awaiting];
  const { rollout, isSettled, events } = await rollReset(reset, { reading, ready, others }, context);
  const rolled =
    isSettled && awaiting.length === 0
      ? ended(withChanges(reset, { rollout }), context.clock.now())
      : rollGoesOn(rollout, reading, awaiting);
  return { ...rolled, changes: { ...rolled.changes, rollout }, events };
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
