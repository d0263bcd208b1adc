/** A pass over an object that is behind the instance, while its request is held back. */
import { lookAgainDelayMs, remainingDelayMs } from '../domain/call/retry.ts';
import { progressing } from '../domain/conditions.ts';
import { CloudSqlError, isKubernetesError } from '../domain/errors.ts';
import { patienceMs } from '../domain/reset/catch-up.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { Behind, Step } from '../domain/reset/step.ts';
import { requeueAfter } from '../lib/action.ts';
import { type Concluded, conclude } from './conclude.ts';
import { logFields } from './log-fields.ts';
import { type Context, NOW } from './pass.ts';
import { reportEvents, subjectOf } from './publish-events.ts';
import { type CaughtUp, catchUp } from './steps/catch-up.ts';

type CatchUp = Extract<Step, { readonly kind: 'CatchUp' }>;

/** For what Cloud SQL is asked. */
const ASKS: readonly Behind[] = ['Outdated', 'LostSibling'];
/** A roll shows its end by events as well. */
const ROLLING_MS = 1_000;

/**
 * What it has done is written by itself, with the conditions as they are: they are of the request. Where there is nothing
 * to write, the request goes on where it is, and never waits for this.
 * @param runOwn takes the step of the request
 */
export async function runCatchUp(
  { behind, otherwise }: CatchUp,
  reset: SslReset,
  context: Context,
  runOwn: () => Promise<Concluded>,
): Promise<Concluded> {
  const caughtUp = await tryToCatchUp(reset, behind, context);
  if (caughtUp.kind === 'Done') {
    const { changes, events } = caughtUp;
    report(reset, events, context);
    return conclude(reset, { changes, next: NOW }, context);
  }
  const againMs = untilAgainMs(caughtUp, reset, context);
  // What this process remembers of the object is of use to the next try.
  if (otherwise.kind === 'Nothing') return { action: requeueAfter(againMs) };
  const own = await runOwn();
  const { action } = own;
  const isSooner = action.kind === 'RequeueAfter' && action.delayMs <= againMs;
  return isSooner ? own : { ...own, action: requeueAfter(againMs) };
}

type Tried = CaughtUp | { readonly kind: 'TooEarly'; readonly afterMs: number };

/** Whatever it fails for, the request does not. */
async function tryToCatchUp(reset: SslReset, behind: Behind, context: Context): Promise<Tried> {
  const afterMs = delayMs(reset, behind, context);
  if (afterMs > 0) return { kind: 'TooEarly', afterMs };
  try {
    const caughtUp = await catchUp(reset, behind, context);
    if (caughtUp.kind === 'Blocked') {
      context.logger.debug('What was published is not followed yet', { why: caughtUp.message });
    }
    return caughtUp;
  } catch (error) {
    if (isKubernetesError(error, 'NotLeading')) throw error;
    context.logger.warn('What was published could not be followed; it is tried again', { err: error });
    const askedMs = error instanceof CloudSqlError ? error.retryAfterMs : undefined;
    return { kind: 'Blocked', message: 'see the log', afterMs: askedMs };
  }
}

/** What asks Cloud SQL keeps the delay of the request. */
function delayMs(reset: SslReset, behind: Behind, { clock, index }: Context): number {
  const now = clock.now();
  const patience = behind === 'Outdated' ? patienceMs(reset, { now, lastRead: index.siblingsOf(reset).lastRead() }) : 0;
  return Math.max(patience, ASKS.includes(behind) ? remainingDelayMs(reset.status.request, now) : 0);
}

function untilAgainMs(tried: Exclude<Tried, { readonly kind: 'Done' }>, reset: SslReset, context: Context): number {
  switch (tried.kind) {
    case 'Rolling':
      return ROLLING_MS;
    case 'TooEarly':
      return tried.afterMs;
    case 'Blocked':
      return Math.max(tried.afterMs ?? 0, blockedMs(reset, context));
  }
}

const blockedMs = ({ metadata }: SslReset, { memory, settings }: Context): number =>
  lookAgainDelayMs(memory.sinceSeenMs(metadata.uid, 'behind the instance'), settings);

/** Of the workloads alone: the reason of the object is not news. */
function report(reset: SslReset, events: CaughtUpEvents, context: Context): void {
  reportEvents(
    reset.status.conditions,
    { verdict: progressing('RollingOut', ''), events },
    { ...context, logger: context.logger.child(logFields(reset)), subject: subjectOf(KIND, reset.metadata) },
  );
}

type CaughtUpEvents = Extract<CaughtUp, { readonly kind: 'Done' }>['events'];
