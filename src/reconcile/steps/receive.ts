import { progressing } from '../../domain/conditions.ts';
import { hasOpenRoll } from '../../domain/reset/catch-up.ts';
import { type Arrival, hasNewRetry, isBarred, isNewerGeneration, isSettled } from '../../domain/reset/request.ts';
import { received } from '../../domain/reset/request-record.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import { toTime } from '../../lib/time.ts';
import { type Context, NOW, type StepResult } from '../pass.ts';
import { hasRunAfterAll, resolveFirst } from './earlier-call.ts';
import { denialOf } from './permitted.ts';
import { untilCaIsSeen } from './unseen-ca.ts';

/** Writes down that a request has arrived, or begins once more, before anything is done for it. */
export async function receive(reset: SslReset, arrival: Arrival, context: Context): Promise<StepResult> {
  const unended =
    arrival === 'New' ? ((await endOfPast(reset, context)) ?? (await untilCaIsSeen(reset, context))) : undefined;
  if (unended !== undefined) return unended;
  const followedTime = arrival === 'Outdated' ? context.index.siblingsOf(reset).lastRead() : undefined;
  const request = {
    ...received(reset, arrival, toTime(context.clock.now())),
    ...(followedTime !== undefined && { followedTime }),
  };
  // A roll that is not at its end goes on if this request is held back.
  const keepsRoll = !isSettled(request) && hasOpenRoll(reset, context.clock.now());
  // The operation and the plan of another request say nothing of this one, nor does what was rolled for it.
  const keepsOperation = isSettled(request) && arrival !== 'New';
  const changes: StatusChanges = {
    request,
    ...(!keepsOperation && { operation: undefined }),
    ...(arrival === 'New' && { plan: undefined }),
  };
  const denial = isSettled(request) ? await denialOf(reset, context) : undefined;
  // What is new of what is denied is written down once: it is looked at again and again.
  if (denial !== undefined) return { changes: isKnownAsDenied(reset) ? {} : changes, verdict: denial };
  return {
    changes: { ...changes, ...(!keepsRoll && { rollout: undefined }) },
    verdict: isSettled(request)
      ? progressing('Publishing', 'Reading and publishing the server CAs again; nothing is reset')
      : progressing('Preflight', 'Checking beforehand for anything that would fail after the reset'),
  };
}

/**
 * A call of the request before that was executed after all has its end before this one begins. Where that cannot be seen it
 * counts as executed: nothing is called when its requestId comes back.
 */
async function endOfPast(reset: SslReset, context: Context): Promise<StepResult | undefined> {
  const { status } = reset;
  if (status.request === undefined) return undefined;
  const hasRun = await hasRunAfterAll(reset, status.request, context);
  if (hasRun === true) return resolveFirst(reset, status.request, context);
  const isNoted = hasRun === false || status.request.inDoubt === true;
  return isNoted ? undefined : { changes: { request: { ...status.request, inDoubt: true } }, next: NOW };
}

const isKnownAsDenied = (reset: SslReset): boolean =>
  isBarred(reset) && !isNewerGeneration(reset) && !hasNewRetry(reset);
