import { progressing } from '../../domain/conditions.ts';
import { isNewCa, isStillOld } from '../../domain/reset/ca-change.ts';
import { failed, LOOKING_FOR_DEPENDENTS } from '../../domain/reset/completion.ts';
import { published } from '../../domain/reset/request-record.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { wantsCertificates, withoutReason } from '../../domain/trust/certificate-status.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { revision } from '../../domain/trust/tls-material.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Context, NOW, normal, type StepEvent, type StepResult } from '../pass.ts';
import { orCannotPublish } from '../publishing/apply.ts';
import { callsToRemember } from './look-around.ts';
import { denialOf } from './permitted.ts';
import { publishListed, readListed } from './publish-listed.ts';
import { whileOld, whileTakenBack } from './while-old.ts';

/** Reads the instance's CAs and publishes them, once the CA is the new one. */
export async function publish(reset: SslReset, context: Context): Promise<StepResult> {
  // Once more, since another object has reset the instance: that is not what this request was allowed for.
  const denial = reset.status.request?.publishedTime === undefined ? undefined : await denialOf(reset, context);
  if (denial !== undefined) return { verdict: denial };
  const result = await orCannotPublish(() => readAndPublish(reset, context));
  return 'kind' in result ? { verdict: result } : result;
}

async function readAndPublish(reset: SslReset, context: Context): Promise<StepResult> {
  const { request, operation, rollout, clientCertificates = [] } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const otherResetTime = context.index.siblingsOf(reset).lastReset();
  const siblingCalls = callsToRemember(reset, context);
  const listed = await readListed(reset, context);
  const { cas } = listed;
  if (isStillOld(request, cas)) {
    const unfinished =
      operation?.error === undefined
        ? await whileOld(reset, request, cas, context)
        : { verdict: failed(reset, operation) };
    if (unfinished !== undefined) return unfinished;
  }
  const unsettled = whileTakenBack(reset, cas, context);
  if (unsettled !== undefined) return unsettled;
  const serverCa = await publishListed(reset, listed, context);
  if ('kind' in serverCa) return { verdict: serverCa };
  return {
    changes: {
      siblingCalls,
      // What stood in the way of a client certificate is forgotten: it is tried once more.
      clientCertificates: clientCertificates.map(withoutReason),
      serverCa,
      request: published(request, { now: toTime(context.clock.now()), otherResetTime, isNewCa: isNewCa(request, cas) }),
      rollout: newRoll(revision(cas), rollout),
    },
    // Two processes that both think they lead must not publish in turn without a pause.
    next: rollout?.revision === revision(cas) ? after(context.settings.pollMinMs) : NOW,
    verdict: wantsCertificates(reset)
      ? progressing('IssuingClientCertificates', 'Checking the client certificates')
      : LOOKING_FOR_DEPENDENTS,
    events: finished(reset, serverCa.sha1Fingerprint),
  };
}

function finished(
  { status: { request, serverCa, operation, history = [] } }: SslReset,
  fingerprint: string | undefined,
): readonly StepEvent[] {
  const before = request?.before;
  const old = before?.serverCaSha1Fingerprint ?? 'none';
  const isKept = old === fingerprint;
  const isTold = isKept
    ? history.some(({ startTime }) => startTime === request?.time)
    : serverCa?.sha1Fingerprint === fingerprint;
  if (request?.outcome !== 'Accepted' || fingerprint === undefined || isTold) return [];
  const deleted = before?.clientCertificates?.length ?? 0;
  const note = `Operation ${operation?.name ?? ''} is done: server CA ${old} ${isKept ? 'is kept' : `→ ${fingerprint}`}`;
  return [normal('ResetFinished', 'Reset', deleted === 0 ? note : `${note}, ${deleted} client certificates deleted`)];
}
