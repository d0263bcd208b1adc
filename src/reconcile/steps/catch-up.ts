import { isDeepStrictEqual } from 'node:util';
import { hasOpenRoll } from '../../domain/reset/catch-up.ts';
import { awaitsWindow } from '../../domain/reset/held-back.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import type { Behind } from '../../domain/reset/step.ts';
import { needsOnlyCa } from '../../domain/trust/ca-only.ts';
import { wantsCertificates } from '../../domain/trust/certificate-status.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { isOpen } from '../../domain/trust/rollout-status.ts';
import { revision } from '../../domain/trust/tls-material.ts';
import { unusableField } from '../../domain/trust/usable.ts';
import type { Context, StepEvent } from '../pass.ts';
import { readyOf } from '../rolling/await-followers.ts';
import { readSome } from '../rolling/find-dependents.ts';
import { awaitedByReset } from './awaited-followers.ts';
import { untilReleased } from './held-back.ts';
import { callsToRemember, lookForLost } from './look-around.ts';
import { denialOf } from './permitted.ts';
import { publishListed, readListed } from './publish-listed.ts';
import { judgedDependents, rollReset } from './roll-reset.ts';
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
export async function catchUp(reset: SslReset, behind: Behind, context: Context): Promise<CaughtUp> {
  const unusable = unusableField(reset.spec);
  if (unusable !== undefined) return { kind: 'Blocked', message: unusable };
  const denial = await denialOf(reset, context);
  if (denial !== undefined) return { kind: 'Blocked', message: denial.message };
  const afterMs = awaitsWindow(reset.status) ? await untilReleased(reset, context) : 0;
  if (behind === 'Outdated' || afterMs === undefined) return publishAgain(reset, context);
  if (behind === 'LostSibling') return followLost(reset, context);
  return hasOpenRoll(reset, context.clock.now())
    ? rollOn(reset, context)
    : { kind: 'Blocked', message: 'No maintenance window is open', afterMs };
}

async function followLost(reset: SslReset, context: Context): Promise<CaughtUp> {
  const looked = await lookForLost(reset, context);
  switch (looked.kind) {
    case 'Changed':
      return publishAgain(reset, context);
    case 'Over':
      return { kind: 'Done', changes: looked.changes, events: [] };
    case 'Again':
      return { kind: 'Blocked', message: 'The call of an object that is gone may still show', afterMs: looked.afterMs };
  }
}

async function publishAgain(reset: SslReset, context: Context): Promise<CaughtUp> {
  const siblingCalls = callsToRemember(reset, context);
  const listed = await readListed(reset, context);
  const { cas } = listed;
  if (cas.length === 0) return { kind: 'Blocked', message: 'The instance lists no server CA' };
  const unsettled = whileTakenBack(reset, cas, context);
  if (unsettled !== undefined) return { kind: 'Blocked', message: unsettled.verdict.message };
  const serverCa = await publishListed(reset, listed, context);
  if ('kind' in serverCa) return { kind: 'Blocked', message: serverCa.message };
  return { kind: 'Done', changes: { siblingCalls, serverCa, rollout: newRoll(revision(cas), undefined) }, events: [] };
}

async function rollOn(reset: SslReset, context: Context): Promise<CaughtUp> {
  const { rollout: before } = reset.status;
  const reading = await readSome(reset, context.workloads);
  const judged = judgedDependents(reset, reading, context).filter(isReady(reset));
  const { ready, awaiting } = readyOf(judged, awaitedByReset(reset, context));
  const { rows, rollout: all, events, ...rolled } = await rollReset(reset, { reading, ready }, context);
  const { total: _total, ...unfinished } = all;
  // What cannot be read, or waits for another object, is none of the rows, and is tried again.
  const isSettled = rolled.isSettled && awaiting.length === 0;
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
