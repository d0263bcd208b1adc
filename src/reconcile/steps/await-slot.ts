import { lookAgainDelayMs } from '../../domain/call/retry.ts';
import { waiting } from '../../domain/conditions.ts';
import { untilDeadlineMs } from '../../domain/reset/deadline.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { toTime } from '../../lib/time.ts';
import { after, type Context, type StepResult } from '../pass.ts';

/** A slot that comes within so long is worth no word. */
const SOON_MS = 5_000;
const MINUTE_MS = 60_000;

/**
 * The object waits for a slot of its project's quota, and is woken when it has one. Nothing is asked of Cloud SQL for
 * that; what it waits for is said, and looked at again less and less often.
 */
export function awaitSlot(reset: SslReset, context: Context): StepResult {
  const { clock, memory, settings, callQueue } = context;
  const leftMs = untilDeadlineMs(reset, clock.now());
  const { attempt = 0 } = reset.status.request ?? {};
  const waitedMs = memory.sinceSeenMs(reset.metadata.uid, `slot for attempt ${attempt + 1}`);
  const pauseMs = callQueue.pauseMs(reset.spec.project);
  if (waitedMs < SOON_MS && pauseMs <= SOON_MS) {
    return { next: after(Math.min(SOON_MS - waitedMs, leftMs)) };
  }
  return {
    verdict: waiting('Throttled', message(reset, pauseMs, clock.now())),
    next: after(Math.min(Math.max(lookAgainDelayMs(waitedMs, settings), SOON_MS), leftMs)),
  };
}

/** In whole minutes, so that the same pause is said in the same words. */
function message({ spec: { project } }: SslReset, pauseMs: number, now: Date): string {
  if (pauseMs === 0) {
    return `The reset is queued for the quota of project ${project}: other calls in it go first`;
  }
  const end = toTime(new Date(Math.ceil((now.getTime() + pauseMs) / MINUTE_MS) * MINUTE_MS));
  return `Cloud SQL has refused a call in project ${project} for its quota: none is made there until about ${end}. The reset is queued`;
}
