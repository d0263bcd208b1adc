/**
 * A reset whose CA nobody has seen yet: the instance may list the old one for a while after the operation's end. A call
 * that is recorded in that while would take the CA of that reset for its own, and leave everybody with a dead one.
 */

import { isDone, type Operation } from '../../domain/call/operation.ts';
import { suspects } from '../../domain/call/resolve.ts';
import { pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, type Verdict, waiting } from '../../domain/conditions.ts';
import { awaitsCa } from '../../domain/reset/ca-change.ts';
import { isBarred } from '../../domain/reset/request.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { describeKey } from '../../lib/key.ts';
import { timeOf } from '../../lib/time.ts';
import { after, type Context, type StepResult } from '../pass.ts';
import { readEvidence } from './evidence.ts';

/** The clocks of the process that wrote a time down and of this one differ by no more. */
const MAX_SKEW_MS = 15 * 60_000;

/** What the next request of the object waits for; undefined: nothing, or it has waited for `--ca-settle`. */
export async function untilCaIsSeen(reset: SslReset, context: Context): Promise<StepResult | undefined> {
  const { clock, cloudSql, settings } = context;
  const { request, operation } = reset.status;
  const doneMs = timeOf(request?.doneTime);
  if (doneMs === undefined || !awaitsCa(reset.status) || !maySettle(operation?.name, doneMs, reset, context)) {
    return undefined;
  }
  // Client certificates go with the operation, and say nothing about the CA.
  const { clientCertificates: _clientCertificates, ...before } = request?.before ?? {};
  if (await readEvidence(cloudSql, reset.spec, before)) return undefined;
  const next = after(pollDelayMs(request?.doneTime, clock.now(), settings));
  // What is denied is not taken up once more by that.
  if (isBarred(reset)) return { next };
  return {
    verdict: progressing(
      'Publishing',
      'The previous reset is done, but the instance still lists the old server CA; the next request begins once the new one is listed',
    ),
    next,
  };
}

/** What a call waits for; undefined: each CA of another object's reset is seen, or was waited for long enough. */
export function siblingWithUnseenCa(reset: SslReset, context: Context): Verdict | undefined {
  const [first] = context.index
    .siblingsOf(reset)
    .withUnseenCa()
    .filter(({ unseenCa }) => maySettle(unseenCa?.operation, unseenCa?.doneMs, reset, context));
  if (first === undefined) return undefined;
  const { caSettleMs, resolveGraceMs } = context.settings;
  const message =
    first.unseenCa?.operation === undefined
      ? `The ${describeKey(first.key)}, which is of this instance too, is being deleted, and what became of its call is not known; waiting for it up to ${Math.ceil(resolveGraceMs / 1000)} s`
      : `The server CA of the reset by the ${describeKey(first.key)}, which is of this instance too, is not listed yet; waiting for it up to ${Math.ceil(caSettleMs / 1000)} s after its end`;
  return waiting('WaitingForInstance', message);
}

/**
 * What a call waits for, where no object knows of an earlier reset any more, or none of this cluster: an update by our account that ended a
 * moment ago. One that failed has made no CA.
 */
export async function orphanWithUnseenCa(
  reset: SslReset,
  operations: readonly Operation[],
  context: Context,
): Promise<Verdict | undefined> {
  const { cloudSql, index, settings } = context;
  const ended = operations.filter(
    (one) =>
      isDone(one) &&
      one.error === undefined &&
      !isPast(timeOf(one.endTime), settings.caSettleMs, context) &&
      maySettle(one.name, timeOf(one.endTime), reset, context),
  );
  if (ended.length === 0) return undefined;
  const user = await cloudSql.identity();
  const claimed = index.siblingsOf(reset).operations.claims(reset.status).all;
  const [first] = suspects({ before: {}, user, operations: ended, claimed });
  return (
    first &&
    waiting(
      'WaitingForInstance',
      `Operation ${first.name} may be a reset by our account, and no CloudSqlSslReset here knows it; waiting up to ${Math.ceil(settings.caSettleMs / 1000)} s after its end for its server CA to be listed`,
    )
  );
}

/**
 * Whether the CA of an operation may still be to come: by what this process has seen itself, since the end may have been
 * written down by a clock that lags. Where nobody has looked at an operation since it ended, that is about to happen.
 */
function maySettle(
  operation: string | undefined,
  doneMs: number | undefined,
  { metadata }: SslReset,
  context: Context,
): boolean {
  const { memory, settings } = context;
  if (isPast(doneMs, settings.caSettleMs + MAX_SKEW_MS, context)) return false;
  const seenMs = memory.sinceSeenMs(metadata.uid, `CA of ${operation} since ${doneMs ?? 'its end'}`);
  if (operation === undefined) return seenMs < settings.resolveGraceMs;
  return seenMs < settings.caSettleMs + (doneMs === undefined ? settings.pollMaxMs : 0);
}

const isPast = (timeMs: number | undefined, afterMs: number, { clock }: Pick<Context, 'clock'>): boolean =>
  timeMs !== undefined && clock.now().getTime() - timeMs >= afterMs;
