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
import { timeOf } from '../../lib/time.ts';
import { after, type Context, type StepResult } from '../pass.ts';
import { readEvidence } from './evidence.ts';
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
  return (
    first &&
    waiting(
      'WaitingForInstance',
      `The server CA of the reset by the CloudSqlSslReset ${first.key}, which is of this instance too, is not listed yet; waiting for it up to ${Math.ceil(context.settings.caSettleMs / 1000)} s after its end`,
    )
  );
}

/**
 * The same of a reset that no object knows of any more, or none of this cluster: an update by our account that ended a
 * moment ago. One that failed has made no CA.
 */
export async function orphanWithUnseenCa(
  reset: SslReset,
  operations: readonly Operation[],
  context: Context,
): Promise<Verdict | undefined> {
  const { cloudSql, index, settings } = context;
  const ended = operations.filter(
    (one) => isDone(one) && one.error === undefined && maySettle(one.name, timeOf(one.endTime), reset, context),
  );
  if (ended.length === 0) return undefined;
  const user = await cloudSql.identity();
  const claimed = index.siblingsOf(reset).claims(reset.status).all;
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
 * By the clock that says more: the one of the process that saw the end may have been ahead. Where nobody has looked at an
 * operation since it ended, that is about to happen.
 */
function maySettle(
  operation: string | undefined,
  doneMs: number | undefined,
  { metadata }: SslReset,
  { clock, memory, settings }: Context,
): boolean {
  if (doneMs !== undefined && clock.now().getTime() - doneMs >= settings.caSettleMs) return false;
  const seenMs = memory.sinceSeenMs(metadata.uid, `CA of ${operation} since ${doneMs ?? 'its end'}`);
  return seenMs < settings.caSettleMs + (doneMs === undefined ? settings.pollMaxMs : 0);
}
