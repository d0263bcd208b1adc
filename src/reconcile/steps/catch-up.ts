import { isDeepStrictEqual } from 'node:util';
import { hasOpenRoll } from '../../domain/reset/catch-up.ts';
import { KIND, type SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import { needsOnlyCa } from '../../domain/trust/ca-only.ts';
import { wantsCertificates } from '../../domain/trust/certificate-status.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { furthest, newRoll } from '../../domain/trust/roll-progress.ts';
import { isOpen, rolloutStatus } from '../../domain/trust/rollout-status.ts';
import { revision } from '../../domain/trust/tls-material.ts';
import { unusableField } from '../../domain/trust/usable.ts';
import { keyOf } from '../../lib/key.ts';
import type { Context, StepEvent } from '../pass.ts';
import { awaitRoll } from '../rolling/await-roll.ts';
import { readSome } from '../rolling/find-dependents.ts';
import { withPickUps } from '../rolling/pick-ups.ts';
import { rollDependents } from '../rolling/roll-dependents.ts';
import { awaitedByReset } from './awaited-followers.ts';
import { denialOf } from './permitted.ts';
import { publishListed, readListed } from './publish-listed.ts';
import { judgedDependents, rollOptions } from './roll-options.ts';
import { whileTakenBack } from './while-old.ts';

/** What came of it; it says nothing of the request, and changes nothing of it. */
export type CaughtUp =
  | { readonly kind: 'Done'; readonly changes: StatusChanges; readonly events: readonly StepEvent[] }
  /** A roll goes on, and shows nothing new. */
  | { readonly kind: 'Rolling' }
  /** It cannot be done now, or may not. */
  | { readonly kind: 'Blocked'; readonly message: string; readonly afterMs?: number | undefined };

/**
 * Publishes and rolls what Cloud SQL lists for an object whose request is held back, without a call.
 * @throws CloudSqlError, KubernetesError
 */
export async function catchUp(reset: SslReset, isOutdated: boolean, context: Context): Promise<CaughtUp> {
  const unusable = unusableField(reset.spec);
  if (unusable !== undefined) return { kind: 'Blocked', message: unusable };
  const denial = await denialOf(reset, context);
  if (denial !== undefined) return { kind: 'Blocked', message: denial.message };
  return isOutdated ? publishAgain(reset, context) : rollOn(reset, context);
}

async function publishAgain(reset: SslReset, context: Context): Promise<CaughtUp> {
  const listed = await readListed(reset, context);
  const { cas } = listed;
  if (cas.length === 0) return { kind: 'Blocked', message: 'The instance lists no server CA' };
  const unsettled = whileTakenBack(reset, cas, context);
  if (unsettled !== undefined) return { kind: 'Blocked', message: unsettled.verdict.message };
  const serverCa = await publishListed(reset, listed, context);
  if ('kind' in serverCa) return { kind: 'Blocked', message: serverCa.message };
  return { kind: 'Done', changes: { serverCa, rollout: newRoll(revision(cas), undefined) }, events: [] };
}

async function rollOn(reset: SslReset, context: Context): Promise<CaughtUp> {
  const { rollout: before } = reset.status;
  const reading = await readSome(reset, context.workloads);
  const options = rollOptions(reset, reading, context);
  const awaited = awaitedByReset(reset, context);
  const ready = judgedDependents(reset, reading, context).filter(isReady(reset));
  const needed = ready.filter((one) => awaited(one) === undefined);
  const picked = await withPickUps(reset, needed, options, context);
  const { rows, plan, events, rolling } = await rollDependents(reset, picked, options, context);
  awaitRoll(keyOf(KIND, reset.metadata), reset, { rows, rolling }, context);
  const progress = furthest(plan.progress, before, options.now);
  const all = rolloutStatus(before?.revision ?? '', rows, { paused: plan.paused, ...progress });
  const { total: _total, ...unfinished } = all;
  // What cannot be read, or waits for another object, is none of the rows, and is tried again.
  const isSettled = plan.isSettled && needed.length === ready.length;
  const rollout = isSettled || rows.some(isOpen) ? all : unfinished;
  if (isDeepStrictEqual(rollout, before)) {
    return hasOpenRoll(reset, context.clock.now())
      ? { kind: 'Rolling' }
      : { kind: 'Blocked', message: 'Some of the workloads cannot be read' };
  }
  return { kind: 'Done', changes: { rollout }, events };
}

/** A client certificate is issued once the request goes on: who needs one is rolled then, with it. */
function isReady({ spec, status: { clientCertificates = [] } }: SslReset): (dependent: Dependent) => boolean {
  if (!wantsCertificates({ spec }) && clientCertificates.length === 0) return () => true;
  const needsNoMore = needsOnlyCa(spec);
  return ({ workload }) => workload !== undefined && needsNoMore(workload);
}
