/** Reads the server CAs of the instance and keeps them published. What has not changed is neither written nor reported. */
import { WAITING_REASONS } from '../../domain/call/refusal.ts';
import { lateLookDelayMs, lookAgainDelayMs, retryDelayMs } from '../../domain/call/retry.ts';
import { findCondition, progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import { instanceKey } from '../../domain/instance.ts';
import { retryValue } from '../../domain/object.ts';
import { isRolling } from '../../domain/server-ca/decide.ts';
import { isOpen } from '../../domain/server-ca/rotation/rotation.ts';
import {
  type CloudSqlServerCa,
  distributionOf,
  hasNewRetry,
  isSettled,
  stalledReason,
} from '../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../domain/server-ca/status.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { haveAllRolled } from '../../domain/trust/rollout-status.ts';
import { unusableField } from '../../domain/trust/usable.ts';
import { overtakenBy } from '../overtaken-ca.ts';
import { orCannotPublish } from '../publishing/apply.ts';
import { serverCaTarget } from '../publishing/targets.ts';
import { lookAt } from './certificates.ts';
import type { Conclusion, ServerCaContext, StepResult } from './context.ts';
import { holdsOther, restarting } from './found.ts';
import type { Look } from './looks.ts';
import { mayFollow } from './permitted.ts';
import { type Publishing, publishLook } from './publish-look.ts';
import { roll } from './roll.ts';
import { rotationAtLook } from './rotation/at-look.ts';
import { followVerdict } from './rotation/moved.ts';
import { intervalMs, newsOf } from './schedule.ts';

export async function look(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { metadata, spec, status } = object;
  if (status.conditions === undefined) {
    // Also where somebody has wiped the status.
    context.looks.forget(metadata.uid);
    return { verdict: progressing('Observing', 'Reading the server CAs of the instance'), afterMs: 0 };
  }
  const unusable = unusableField(distributionOf(object).spec);
  if (unusable !== undefined) return later(object, stalled('InvalidRequest', unusable), context);
  const isKnown = status.serverCas !== undefined && stalledReason(object) !== 'NotPermitted';
  const allowed = isKnown ? undefined : await mayFollow(object, context);
  if (allowed?.allowed === false) return later(object, stalled('NotPermitted', allowed.message), context);
  const group = instanceKey(spec);
  const isUrgent = context.looks.hasNews(metadata.uid, newsOf(object, context));
  const waitMs = context.looks.isShared(group) ? 0 : context.looks.pace.waitMs(spec.project, metadata.uid, isUrgent);
  if (waitMs > 0) return isRolling(object) ? roll(object, context) : { afterMs: waitMs };
  const seen = await orCannotPublish(() => readBoth(object, group, context));
  if (seen instanceof CloudSqlError) return failed(object, seen, context);
  if ('kind' in seen) return later(object, seen, context);
  context.looks.succeeded(metadata.uid);
  return isOvertaken(object, seen.look, context) ? onceMore(object, context) : publish(object, seen, context);
}

async function publish(object: CloudSqlServerCa, seen: Publishing, context: ServerCaContext): Promise<StepResult> {
  if (seen.look.cas.length === 0) return later(object, waiting('WaitingForInstance', NO_CERTIFICATE), context);
  const published = await orCannotPublish(() => publishLook(object, seen, context));
  if ('kind' in published) return later(object, published, context);
  if (published.isFoundStale) {
    context.looks.plan(object.metadata.uid, newsOf(object, context), 0, seen.look);
    return restarting(object);
  }
  if (published.obstacle !== undefined) return later(object, published.obstacle, context);
  const againMs = Math.min(intervalMs(object, context), published.closed?.afterMs ?? Number.POSITIVE_INFINITY);
  context.looks.plan(object.metadata.uid, newsOf(object, context), againMs, seen.look);
  return published.conclusion ?? unchanged(object, againMs, context);
}

const isOvertaken = (object: CloudSqlServerCa, { cas: [active] }: Look, context: ServerCaContext): boolean =>
  overtakenBy(active, object.metadata.uid, context.index.siblingsOf(object), context) !== undefined;

/** Nothing is published or rolled by a look that is overtaken. */
function onceMore(object: CloudSqlServerCa, context: ServerCaContext): StepResult {
  const afterMs = context.settings.pollMinMs;
  context.looks.forgetLook(instanceKey(object.spec));
  context.looks.plan(object.metadata.uid, newsOf(object, context), afterMs);
  return { afterMs };
}

const NO_CERTIFICATE =
  'The instance has no server certificate yet: it gets its first one by a reset, with a CloudSqlSslReset';

/** The published object first: if newer CAs are published after that, the apply conflicts. */
async function readBoth(
  object: CloudSqlServerCa,
  group: string,
  context: ServerCaContext,
): Promise<Publishing | CloudSqlError> {
  const { looks, objects, index, wake } = context;
  const siblings = index.siblingsOf(object);
  const target = serverCaTarget(distributionOf(object));
  const before = target && (await objects.get(target));
  const isShared = looks.isShared(group);
  try {
    const shared = await lookAt(object, context);
    // It is from before what another process has published.
    const isOlder = isShared && holdsOther(object, { before, look: shared });
    if (isOlder) looks.forgetLook(group);
    const seen = isOlder ? await lookAt(object, context) : shared;
    // Those that follow the instance stand by the same look, and the others see whether a rotation still waits for them.
    if (!isShared) wake([...siblings.followers(), ...siblings.rotations.awaited()]);
    return { before, look: seen };
  } catch (error) {
    if (error instanceof CloudSqlError) return error;
    throw error;
  }
}

/** As it was, but for what the clock alone has changed; what was not settled is judged again. */
async function unchanged(object: CloudSqlServerCa, againMs: number, context: ServerCaContext): Promise<StepResult> {
  // What became of a call is found out by since when it was seen.
  if (!isOpen(object.status.rotation?.record)) context.memory.forget(object.metadata.uid);
  const isDone = (isSettled(object) && !isAwaited(object, context)) || stalledReason(object) === 'NotRotatable';
  return isDone ? { verdict: followVerdict(object, context.clock.now()), afterMs: againMs } : roll(object, context);
}

/** A rotation waits for what a person has to do for a workload, such as to resume it, which nobody else tells. */
const isAwaited = (object: CloudSqlServerCa, { index }: ServerCaContext): boolean =>
  !object.spec.rollout.disabled &&
  !haveAllRolled(object.status.rollout) &&
  index.siblingsOf(object).rotations.next().length > 0;

/** Something has to be put right first. What is published stays as it is, and is not known to be right. */
function later(object: CloudSqlServerCa, verdict: Verdict, context: ServerCaContext): Conclusion {
  const { clock, looks, settings } = context;
  const type = verdict.kind === 'Stalled' ? 'Stalled' : 'Reconciling';
  const before = findCondition(object.status.conditions, type);
  const sinceMs = before?.reason === verdict.reason ? Date.parse(before.lastTransitionTime) : Number.NaN;
  const elapsedMs = Number.isNaN(sinceMs) ? 0 : clock.now().getTime() - sinceMs;
  const delayMs = verdict.reason === 'NotPermitted' ? lateLookDelayMs(settings) : lookAgainDelayMs(elapsedMs, settings);
  const afterMs = Math.min(intervalMs(object, context), delayMs);
  looks.plan(object.metadata.uid, newsOf(object, context), afterMs);
  return { verdict, changes: { isPublished: false, ...askedFor(object, clock.now()) }, afterMs };
}

/** What a person has changed counts as seen, whatever comes of the look: what it has done is done once that can be. */
function askedFor(object: CloudSqlServerCa, now: Date): Pick<StatusChanges, 'retry' | 'rotation' | 'rollout'> {
  const { rotation, rollout } = object.status;
  const seen = rotationAtLook(object, rotation?.rejected ?? [], now);
  const retry = retryValue(object);
  if (retry === undefined || !hasNewRetry(object)) return seen;
  const { revision } = rollout ?? {};
  return { ...seen, retry, ...(revision !== undefined && { rollout: newRoll(revision, rollout) }) };
}

/** Cloud SQL is away for a moment now and then: that is no news of an instance whose CAs are known. */
const TOLERATED = { failures: 2, ms: 30 * 60_000, retryMs: 60_000 };

function failed(
  object: CloudSqlServerCa,
  error: CloudSqlError,
  context: ServerCaContext,
): StepResult | Promise<StepResult> {
  const { looks, settings } = context;
  const { uid } = object.metadata;
  const { count, forMs } = looks.failed(uid);
  const isKnown = object.status.serverCas !== undefined;
  const delayMs = isKnown ? Math.min(intervalMs(object, context), TOLERATED.retryMs) : retryDelayMs(count, settings);
  const afterMs = Math.max(delayMs, error.retryAfterMs ?? 0);
  looks.plan(uid, newsOf(object, context), afterMs);
  // A roll for what another object has seen to be old waits for the look: it is the look that is spoken of.
  if (isRolling(object) && !context.index.siblingsOf(object).makeOutdated()) return roll(object, context);
  const isCounted = error.kind !== 'Throttled' && count > TOLERATED.failures;
  if (isKnown && !isCounted && forMs < TOLERATED.ms) return { afterMs };
  return { verdict: unseen(error), changes: askedFor(object, context.clock.now()), afterMs };
}

const unseen = ({ kind, message }: CloudSqlError): Verdict =>
  waiting(kind === 'Invalid' ? 'CloudSqlUnavailable' : WAITING_REASONS[kind], message);
