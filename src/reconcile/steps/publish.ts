import { progressing } from '../../domain/conditions.ts';
import { isNewCa, isStillOld } from '../../domain/reset/ca-change.ts';
import { failed, LOOKING_FOR_DEPENDENTS } from '../../domain/reset/completion.ts';
import { published } from '../../domain/reset/request.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { wantsCertificates, withoutReason } from '../../domain/trust/certificate-status.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { revision, serverCaStatus } from '../../domain/trust/tls-material.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Context, NOW, normal, type StepEvent, type StepResult } from '../pass.ts';
import { applyObject, orCannotPublish } from '../publishing/apply.ts';
import { readServerCas } from '../publishing/server-cas.ts';
import { serverCaContents, serverCaObject } from '../publishing/targets.ts';
import { callsToRemember } from './look-around.ts';
import { denialOf } from './permitted.ts';
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
  const { request, operation, rollout, serverCa: last, clientCertificates = [] } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const otherResetTime = context.index.siblingsOf(reset).lastReset();
  const siblingCalls = callsToRemember(reset, context);
  const readTime = context.index.timeOfRead(reset, context.clock.now());
  // Read before the CAs: if newer ones are published after that, this apply conflicts.
  const target = serverCaObject(reset, '');
  const before = target && (await context.objects.get(target));
  const cas = await readServerCas(context.cloudSql, reset.spec);
  if (isStillOld(request, cas)) {
    const unfinished =
      operation?.error === undefined ? await whileOld(reset, request, context) : { verdict: failed(reset, operation) };
    if (unfinished !== undefined) return unfinished;
  }
  const unsettled = whileTakenBack(reset, cas, context);
  if (unsettled !== undefined) return unsettled;
  const contents = serverCaContents(reset, cas, before);
  const obstacle = contents && (await applyObject(context, contents, { before, dryRun: false }));
  if (obstacle !== undefined) return { verdict: obstacle };
  const previousSha1Fingerprint = request.before?.serverCaSha1Fingerprint ?? last?.previousSha1Fingerprint;
  const serverCa = serverCaStatus(cas, {
    previousSha1Fingerprint,
    readTime,
    publishedTo: contents && describeObject(contents),
  });
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
